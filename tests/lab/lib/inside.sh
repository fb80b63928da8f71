# Run by lab.sh in a container of its own: inside.sh FUNCTION [ARGUMENT...]
set -euo pipefail
. samples/lib/prepare.sh
for part in build qemu snapshot machine; do . "tests/lab/lib/$part.sh"; done
"$@"
