#!/bin/sh
# Gets what the tests need beyond Python packages, or names what cannot be had. Called by ./test.
set -eu
cd "$(dirname "$0")/.."

lacks() { .venv/bin/python -c "import sys; from tests.support.$1 import unavailable_reason as reason; sys.exit(reason() is None)"; }
say_why() { .venv/bin/python -c "from tests.support.$1 import unavailable_reason as reason; print('not run here:', reason())"; }

lacks_poppler() { ! command -v pdftotext >/dev/null 2>&1; }

if { lacks browser || lacks_poppler; } && command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" -eq 0 ]; then
  echo "install    chromium, for the tests in a browser, and poppler-utils, to read PDFs"
  log=$(mktemp)
  if ! { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium fonts-dejavu-core poppler-utils; } >"$log" 2>&1; then
    echo "install    they cannot be installed:" >&2
    tail -n 3 "$log" >&2
  fi
  rm -f "$log"
fi
for need in browser postgres redis; do
  if lacks "$need"; then say_why "$need"; fi
done
if lacks_poppler; then echo "not run here: reading PDFs (pdftotext and pdfinfo of poppler-utils are missing)"; fi
if [ ! -d ../shared/data ]; then
  echo "not run here: comparisons with ../shared/data (the data is not beside this directory)"
fi
