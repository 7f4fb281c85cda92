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

# Unpacks the Debian packages given below a folder, and installs nothing: no service begins, nothing on this machine is another.
fetch_packages() {
    local folder=$1 package
    shift
    [ "$(cat "$folder/packages" 2>/dev/null)" = "$*" ] && return 0
    echo "fetching $*"
    rm -rf "$folder" && mkdir -p "$folder/debs"
    if ! (cd "$folder/debs" && apt-get download -qq "$@" >/dev/null 2>&1); then
        echo "could not fetch $* (apt-get download)" >&2
        return 1
    fi
    for package in "$folder"/debs/*.deb; do dpkg-deb -x "$package" "$folder"; done
    rm -rf "$folder/debs"
    echo "$*" >"$folder/packages"
}

need_swift() {
    command -v swift >/dev/null && return 0
    echo "the Swift toolchain (6.3 or newer) is missing: see https://www.swift.org/install" >&2
    return 1
}

BUILD_PACKAGES=(libavformat-dev libavcodec-dev libavutil-dev libavfilter-dev libswscale-dev libswresample-dev libssl-dev zlib1g-dev libsqlite3-dev pkg-config)
