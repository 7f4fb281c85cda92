# Installs the Debian packages given that are missing. Sourced, not run.
need_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "missing packages: ${missing[*]} — install them as root: apt-get install ${missing[*]}" >&2
            return 1
        fi
        as_root=(sudo)
    fi
    echo "installing ${missing[*]}"
    "${as_root[@]}" apt-get update -qq
    if ! DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; then
        echo "could not install ${missing[*]}; install them by hand and run this again" >&2
        return 1
    fi
}

need_swift() {
    command -v swift >/dev/null && return 0
    echo "the Swift toolchain (6.3 or newer) is missing: see https://www.swift.org/install" >&2
    return 1
}

BUILD_PACKAGES=(libavformat-dev libavcodec-dev libavutil-dev libavfilter-dev libswscale-dev libswresample-dev libssl-dev zlib1g-dev libsqlite3-dev pkg-config)
