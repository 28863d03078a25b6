#!/bin/bash
# format.sh - every C file is as clang-format leaves it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
# shellcheck source=files.sh
. "$here/files.sh"
c_files | xargs clang-format --dry-run -Werror
