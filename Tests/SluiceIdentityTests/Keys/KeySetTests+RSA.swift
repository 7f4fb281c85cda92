extension KeySetTests {
    /// Made for this test by `openssl genrsa 2048`, and used nowhere else.
    static let rsaKey = """
        -----BEGIN PRIVATE KEY-----
        MIIEuwIBADANBgkqhkiG9w0BAQEFAASCBKUwggShAgEAAoIBAQCs6e011eR+dHno
        mt2Xxw2zmRcjltrXxTsBCMmWJWQvqSCDzdq/vCitped0bIb5tm9oY/nZweHoeBnU
        FeD7JeiOb7cOghfgY5Iy8BP+tPCmKJCpzS00VHlA7bZsMfUoLhn4lxAwCjL6Y6vm
        vLcXZEWccy2WTpdEGG83mXQRgrZqLllChMGjIJ7LOOk+b0gmvYTUR2bd/BHkb/j5
        y4CD2yxmFoyGTzYPkcm/0s0kyb4bsiXf7Zc0OUHosinU5ZcSq5WdpJxCVi+ey92u
        DnXgMgHzWCLQ7tRty19LHkPmIiMVgCckFoSH6f/wIgh6jtOhtaSifg6B0/bhyZDf
        vyd5lcOHAgMBAAECgf8uaAMjnNqm9251HPzyVab9X0YDsJcLM4lXGBO2zsqrLRMy
        iMGV/we+ofUh/pUN2RWy7otq9Nok1SXdLxEUVkVfA+fCz9wREXrf9J3hn9syYoN/
        w5ES8sYQiMrHEbBfrtKU1fYY0Gew6aWxdHvrNKO2SkIuFMt1AqFPHYWutO2LVQne
        8MB2qzegCShtXguycS+0xutevC5jP8owgbVf6r5dDCG31rx+kFw+ySnA7meKu2RL
        wAYjRLxGyxR55cq5kLuYTHUTMzWWgzQDD5l7Dpzx7TotHszNsYWgtWB+uvtZChwp
        2pQFVoByrwjrAbf7FWyyDB8ejLgnnfS2QBMlAYECgYEA7lXZVIBDScQE3/KUN2Lu
        T7TnrPBo/caXaryOmh7oIoPrJ8XML4CFVrnEMND3VE8y5dJPazt6CvIQ03q1sIxf
        nH030kv73nomfrVfGJbGhjqfQv/9g+rR4a55HK1kzUqUTFuhjAWfZBXf9HM2mSlr
        aJ4EdAJx7SRlFr0cwtF+Ye0CgYEAubrGeeCjyBjj98pWPCQu/AWluWFF2LNBicFk
        u3BtVm14A6cybaVh0AI5lQ6l/ROo7AEI0MXnW7ojvCSSaJa4E30FJGfZQe7jTMxN
        vlZQ1SNsZZHW4eQ0VS6iuYge2JHbBoUVtsi9s+Idbg+EwqBCXifB9NXeQWqa2/pp
        +4OgXMMCgYEAiU8iZ4GBwrTQzijWZVZ0z6z8sHDNPC+2uoKpcXeO65uu1fop2dAk
        gcOCmVE6vPLn8uoIYVIhzL6LHRucI3ur9d9aUqj+Eb20AdoCUItFEr4hVRtgdijK
        BEhddD0dTvzBlYBRAPeYTbQgk5fxA6qOO/aVwDRMaIBIUSJguIizVD0CgYAQnk20
        Cg2dkdyUB16/8tzhX//8HmAJi8CJeuxweRbPbOwYJ5WzieC+o/RTCgSAKIos08re
        I1cYNgeMhhkzkojV9ZHIOCKQa7ea34z1QvPonkrMq8f2XlzwYkPdJfjcl/BpHO9c
        c4nF1q2bc3gFkiFeG2CXb6t7XvaMSFPDVXu70QKBgG2s/xEOSrVfXy3V7Xgicj+J
        Drsdcw3tzi/YdWqW/qwyJ2KeKZYB+r7iMnF/LszsUoKRTEmwrERkoeFHabv+0DAY
        nHr7A7iagdKq9XowUA7i1zbibsykPpdCwNEsW0+3WiVMpievJ6mV6j2q23MkTf4E
        8MRa9DNQS5ph1DsJZuOI
        -----END PRIVATE KEY-----
        """
}
