# Which files lint looks at. Sourced by its checks, in the root of the tree.
# shellcheck shell=bash

LINT_ROOTS=(vmm devices virtio firmware examples test)

lint_find() {
    local root roots=()
    for root in "${LINT_ROOTS[@]}"; do [ -d "$root" ] && roots+=("$root"); done
    find "${roots[@]}" "$@" | sort
}
c_files() { lint_find -type f \( -name '*.c' -o -name '*.h' \); }
headers() { lint_find -type f -name '*.h'; }
product_sources() { c_files | grep -E '^(vmm|devices|virtio)/.*\.c$'; }
# What the product and its unit tests are made of; guests and benches have build rules of their own.
hosted_headers() { headers | grep -Ev '^test/(guest|bench|kvm)/'; }
scripts() {
    { lint_find -type f -name '*.sh'; lint_find -type f ! -name '*.*' -exec grep -lIE '^#!.*\b(ba)?sh\b' {} +
      echo .ci/run; } | sort -u
}
