# `make book` builds the book, `make test` proves it. Both need Python 3.11 or newer, and make their own .venv.
.PHONY: book test lab run benchmarks benchmarks-quick clean

# The first of these that is new enough; or name one: make book PYTHON=/path/to/python
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
READY := .venv/ready
HTML := _build/html
CHAPTERS := intro.ipynb $(wildcard chapters/*.ipynb)

book: $(READY)
	@$(BIN)/jupyter-book build -W -n --keep-going --quiet .
	@echo "The book is built. Open file://$(CURDIR)/$(HTML)/index.html"

test: $(READY)
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lab: $(READY)
	cd chapters && ../$(BIN)/jupyter lab

# The second command joins what a cell printed, which arrives in pieces; in the first it would come before they do.
run: $(READY)
	$(BIN)/jupyter nbconvert --to notebook --execute --inplace --log-level=WARN \
		--ExecutePreprocessor.record_timing=False --ExecutePreprocessor.store_widget_state=False $(CHAPTERS)
	$(BIN)/jupyter nbconvert --to notebook --inplace --log-level=WARN \
		--CoalesceStreamsPreprocessor.enabled=True $(CHAPTERS)
	$(BIN)/python tools/hide_sources.py $(CHAPTERS)
	$(BIN)/python tools/gather.py

# All comparisons; the quick ones take minutes and are for a look: their numbers are not kept.
benchmarks: QUICK :=
benchmarks-quick: QUICK := --quick
benchmarks benchmarks-quick: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt -c requirements.txt
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.run $(QUICK)

clean:
	rm -rf _build .pytest_cache .ruff_cache .hypothesis chapters/.ipynb_checkpoints
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

# Remade when a pin or curvlib's own dependencies change; otherwise a second call installs nothing.
$(READY): requirements.txt pyproject.toml
	@test -n "$(PYTHON)" && "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	{ echo "This book needs Python 3.11 or newer: install one, or name it with make PYTHON=/path/to/python3.11." >&2; exit 1; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv .venv || \
	{ echo "Python's venv module is missing: on Debian or Ubuntu, apt-get install python3-venv." >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@# setuptools warns of every editable installation that folders named alike may hide it; there are none.
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@
