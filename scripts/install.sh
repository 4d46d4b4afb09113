#!/bin/sh
# Makes .venv hold exactly what LOCK names: scripts/install.sh LOCK [LOCK-IT-INCLUDES...]
# A lock that is installed already costs nothing. A half-made, moved or broken .venv is made again.
set -eu
cd "$(dirname "$0")/.."
lock=$1
stamp_of() { echo ".venv/.installed-${1%.txt}-$(cksum <"$1" | tr ' ' -)"; }
stamp=$(stamp_of "$lock")
here=$(pwd -P)

# Our own commands that stand in the place of Flask's are a package to it: scripts/commands/counterfoil_commands.py.
own_commands() {
  for site in .venv/lib/python3.*/site-packages; do
    [ -d "$site" ] || continue
    about=$site/counterfoil_commands-1.dist-info
    if [ -f "$about/RECORD" ] && cmp -s scripts/commands/counterfoil_commands.py "$site/counterfoil_commands.py"; then continue; fi
    mkdir -p "$about"
    cp scripts/commands/counterfoil_commands.py "$site/"
    printf 'Metadata-Version: 2.1\nName: counterfoil-commands\nVersion: 1\n' >"$about/METADATA"
    printf '[flask.commands]\nroutes = counterfoil_commands:routes\n' >"$about/entry_points.txt"
    for file in counterfoil_commands.py counterfoil_commands-1.dist-info/METADATA \
      counterfoil_commands-1.dist-info/entry_points.txt counterfoil_commands-1.dist-info/RECORD; do
      echo "$file,,"
    done >"$about/RECORD"
  done
}

if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$here" ] && .venv/bin/python -c '' 2>/dev/null; then
  own_commands
  exit 0
fi

# .venv/.installing holds the process that works on it: left behind, it means that the work was broken off.
if [ -f .venv/.installing ]; then
  other=$(cat .venv/.installing)
  if [ -n "$other" ] && [ "$other" != $$ ] && kill -0 "$other" 2>/dev/null; then
    echo "install    process $other is installing into .venv right now; try again when it is done" >&2
    exit 1
  fi
  echo "install    .venv is half made: making it again"
  rm -rf .venv
fi
for old in .venv/.installed-*; do
  if [ -f "$old" ] && [ "$(cat "$old")" != "$here" ]; then
    echo "install    .venv was made in another place: making it again"
    rm -rf .venv
    break
  fi
done
if [ -d .venv ] && ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "install    the Python of .venv is gone or too old: making it again"
  rm -rf .venv
fi

with=venv
if [ ! -d .venv ]; then
  python=""
  bare=""
  # 3.11 first: it is what the checks run on.
  for name in "${PYTHON:-}" python3.11 python3.12 python3.13 python3 python3.14; do
    [ -n "$name" ] && command -v "$name" >/dev/null 2>&1 || continue
    "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    if "$name" -c 'import venv, ensurepip' 2>/dev/null; then python=$name; break; fi
    [ -n "$bare" ] || bare=$name
  done
  if [ -z "$python" ] && [ -n "$bare" ]; then
    if command -v uv >/dev/null 2>&1; then
      python=$bare with=uv
    elif "$bare" -c 'import venv' 2>/dev/null && "$bare" -m pip --version >/dev/null 2>&1; then
      python=$bare with=pip
    else
      echo "Python: $bare cannot make virtual environments; install python3-venv (Debian, Ubuntu: apt install python3-venv) or uv" >&2
      exit 1
    fi
  fi
  if [ -z "$python" ]; then
    echo "Python: none of version 3.11 or newer is found; install one, or name it: PYTHON=/path/to/python3.11 ./run" >&2
    exit 1
  fi
  echo "install    making .venv with $("$python" -V 2>&1)"
  mkdir .venv
  echo $$ >.venv/.installing
  case $with in
    venv) "$python" -m venv .venv ;;
    pip) "$python" -m venv --without-pip .venv ;;
    uv) uv venv --quiet --allow-existing --python "$python" .venv ;;
  esac
elif ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
  if command -v uv >/dev/null 2>&1; then with=uv; else with=pip; fi
fi
echo $$ >.venv/.installing

case $with in
  venv) set -- .venv/bin/python -m pip install --require-hashes --only-binary=:all: ;;
  pip) set -- "${python:-python3}" -m pip --python .venv/bin/python install --require-hashes --only-binary=:all: ;;
  uv) set -- uv pip install --python .venv/bin/python --require-hashes --only-binary :all: ;;
esac
packages=$(grep -c '^[a-zA-Z0-9].*==' "$lock" || true)
echo "install    up to $packages packages of $lock (once; usually less than a minute)"
PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore "$@" -r "$lock" >.venv/install.log 2>&1 &
installing=$!
trap 'kill $installing 2>/dev/null; exit 130' INT TERM
seconds=0
while kill -0 $installing 2>/dev/null; do
  sleep 1
  seconds=$((seconds + 1))
  if [ $((seconds % 10)) -eq 0 ]; then
    echo "install    $(grep -c '^Collecting' .venv/install.log || true) packages fetched after $seconds s"
  fi
done
if ! wait $installing; then
  echo "install    failed; the end of .venv/install.log:" >&2
  tail -n 15 .venv/install.log >&2
  # Who fails by itself has put back what it replaced: only what is broken off leaves a half.
  rm -f .venv/.installing
  exit 1
fi
trap - INT TERM
own_commands
# Compiled once here, every command starts half a second sooner, even where Python may not write beside its sources.
.venv/bin/python -m compileall -q retail jobs config.py wsgi.py || true
rm -f .venv/.installed-*
for done in requirements.txt "$lock"; do echo "$here" >"$(stamp_of "$done")"; done
rm -f .venv/.installing
