# Sourced by scripts that take packages of a Debian suite which this machine need not list. The machine's apt configuration stays as it is;
# the mirror is the one that it uses already. The script defines `die MESSAGE`.

# suite_open SUITE DIRECTORY: reads the suite's package lists into the directory. From then on
# `apt-get "${suite_options[@]}"` and `apt-cache "${suite_options[@]}"` are about that suite.
suite_open() {
    local suite=$1 state=$2 mirrors mirror security keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    command -v apt-get > /dev/null || die "apt-get is missing: this script reads Debian's archive."
    # As apt itself resolved them from the machine's own sources.
    mirrors=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages')
    mirror=$(awk '$2 !~ /security/ { print $1; exit }' <<< "$mirrors")
    security=$(awk '$2 ~ /-security$/ { print $1; exit }' <<< "$mirrors")
    [[ -n $mirror ]] || die "apt lists no Debian mirror: add one to the machine's apt sources."
    [[ -r $keyring ]] || die "$keyring is missing: apt-get install debian-archive-keyring."
    mkdir -p "$state/lists/partial" "$state/archives/partial" "$state/sources"
    printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$mirror" "$suite" > "$state/sources.list"
    if [[ -n $security && $suite != *-* && $suite != sid ]]; then
        printf 'deb [signed-by=%s] %s %s-security main\n' "$keyring" "$security" "$suite" >> "$state/sources.list"
    fi
    suite_options=(
        -o "Dir::Etc::sourcelist=$state/sources.list" -o "Dir::Etc::sourceparts=$state/sources"
        -o "Dir::Etc::preferencesparts=$state/sources" -o "Dir::State::lists=$state/lists"
        -o "Dir::Cache::archives=$state/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
        -o Acquire::Languages=none -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false
        -o APT::Sandbox::User=root -o APT::Update::Post-Invoke=
    )
    apt-get "${suite_options[@]}" -qq update >&2 || die "the mirror has no suite '$suite', or cannot be reached."
}
