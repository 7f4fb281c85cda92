/// The style sheet of a report page: light and dark, wide and narrow.
enum HTMLStyle {
    static let css = """
        :root{color-scheme:light dark;--paper:#ffffff;--ink:#1b1f24;--soft:#57606a;--faint:#a8b0b9;--line:#e2e6ea;--good:#e3f3ec}
        @media(prefers-color-scheme:dark){:root{--paper:#14171a;--ink:#e8eaed;--soft:#a5adb6;--faint:#6c757f;--line:#2c3238;--good:#173428}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif}
        main{max-width:900px;margin:0 auto;padding:24px 20px 48px}
        h1{font-size:26px;margin:0 0 4px}
        h2{font-size:18px;margin:0 0 2px}
        p{margin:0 0 10px}
        .ran,figcaption p,.foot{color:var(--soft)}
        .verdict{font-size:17px;border-left:4px solid var(--c,var(--faint));padding-left:10px;margin:6px 0}
        figure{margin:34px 0 0}
        .scroll{overflow-x:auto;margin-top:22px}
        table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
        th,td{text-align:right;padding:5px 10px;border-bottom:1px solid var(--line);white-space:nowrap}
        th:first-child,td:first-child{text-align:left;padding-left:0}
        thead th{white-space:normal;vertical-align:bottom;overflow-wrap:anywhere}
        thead th{border-bottom:2px solid var(--faint)}
        tbody th{font-weight:400}
        td small{color:var(--soft);margin-left:4px}
        td.best{font-weight:700;background:var(--good)}
        td.best::before{content:"✓ ";font-weight:400}
        td.against{color:var(--soft)}
        svg{width:100%;height:auto;display:block}
        svg.narrow{display:none}
        svg text{font-size:12px;fill:var(--soft)}
        svg text.name{font-weight:600;fill:var(--c,var(--ink));paint-order:stroke;stroke:var(--paper);stroke-width:4px}
        svg text.small{font-size:10px}
        svg text.title,svg text.note{fill:var(--soft)}
        .grid{stroke:var(--line);stroke-width:1;fill:none}
        .curve{stroke:var(--c);stroke-width:2.2;fill:none;stroke-linejoin:round}
        .curve.faint{opacity:.45}
        .deadline{stroke:var(--ink);stroke-width:1.2;stroke-dasharray:4 3;fill:none}
        .fill{fill:var(--c)}
        .dot{fill:var(--c);stroke:var(--paper);stroke-width:1.5}
        .dot.faint{fill:var(--faint)}
        .seed{fill:var(--c);opacity:.45}
        .late,.lost{fill:var(--ink)}
        .legend{display:flex;flex-wrap:wrap;gap:2px 14px;margin:6px 0 4px;font-size:13px;color:var(--soft)}
        .legend i{display:inline-block;width:14px;height:11px;margin-right:5px;background:var(--c);vertical-align:-1px}
        .legend i.late{height:5px;background:var(--ink);vertical-align:1px}
        .legend i.lost{width:5px;height:14px;background:var(--ink);vertical-align:-3px}
        @media(max-width:680px){main{padding:16px 12px 32px}svg.wide{display:none}svg.narrow{display:block}
        th,td{padding:5px 6px}th:first-child,td:first-child{white-space:normal;min-width:80px}table{font-size:14px}td small{display:block;margin:0}.verdict{font-size:15px}}
        """
}
