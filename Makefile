# LangRL Studio. Needs Python 3.11 or newer with pip; everything else is made here. `make help` lists what it can do.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

# A display is what X11 or Wayland announces; other systems always have one.
HEADLESS := $(shell [ "$$(uname)" = Linux ] && [ -z "$$DISPLAY$$WAYLAND_DISPLAY" ] && echo yes)
I18N := resources/i18n

.PHONY: run test check bench shots soak i18n schema wheel clean help

run: $(READY) ## open the window (without a display: train, and leave a picture and the table in build/)
ifeq ($(HEADLESS),yes)
	@mkdir -p build
	$(BIN)/python main.py --demo 5 --screenshot build/demo.png --report build/demo.json --out build/demo.langrl
else
	$(BIN)/python main.py
endif

test: $(READY) ## all tests, the long ones shortened; ARGS="-k word" chooses
	@$(BIN)/python .ci/system_packages.py hands
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -n 2 $(ARGS)

check: $(READY) ## style, types, who imports whom, translations
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -q tests/core/test_translations.py

bench: $(READY) ## the numbers of the README, on this machine
	$(BIN)/python -m benchmarks

shots: $(READY) ## the pictures of the README, from the real window; ALL=1: every view in every dress, into build/shots
	$(BIN)/python docs/make_shots.py $(if $(ALL),--all build/shots)

soak: $(READY) ## all tests, the counted ones in full length
	LANGRL_SOAK=1 QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest --timeout 0 $(ARGS)

i18n: $(READY) ## collect the texts, bring the translation up to date, compile it
	@mkdir -p build
	PYTHONPATH=.ci $(BIN)/pybabel -q extract -F .ci/babel.ini --no-default-keywords -k tr:1 -k tr_n:1,2 -k tr_for:2 -k tr_n_for:2,3 -k N_ -k NN_:1,2 -c "Translators:" --add-location=file --sort-output \
		--project "LangRL Studio" --copyright-holder "LangRL Studio contributors" -o build/langrl.pot .
	$(BIN)/pybabel -q update --ignore-pot-creation-date --init-missing --no-fuzzy-matching --ignore-obsolete \
		-D langrl -l zh_CN -i build/langrl.pot -d $(I18N)
	$(BIN)/pybabel compile -D langrl -d $(I18N)

schema: $(READY) ## bring resources/scenario.schema.json up to date
	$(BIN)/python -c "import json; from langrl_gui.core import scenario; print(json.dumps(scenario.json_schema(), ensure_ascii=False, indent=1))" > resources/scenario.schema.json

wheel: $(READY) ## dist/: a wheel and a source archive
	$(BIN)/hatchling build

clean: ## everything made here, .venv too
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help:
	@sed -n 's/^\([a-z0-9]*\):.*## /\1\t/p' Makefile | expand -t 10

# The environment is made without ensurepip, which Debian keeps in a package of its own, and gets its own pip from the
# outer one: that works with every pip, and in a Python that its distribution manages.
$(READY): pyproject.toml .ci/constraints.txt .ci/system_packages.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "LangRL Studio needs Python 3.11 or newer: make PYTHON=python3.12 chooses another.")'
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv --without-pip .venv
	@$(BIN)/python -c 'import pip' 2>/dev/null || $(PYTHON) -m pip install --quiet -c .ci/constraints.txt \
		--target "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" pip
	@echo "Installing what pyproject.toml asks for into .venv (once; some hundred MB) ..."
	@$(BIN)/python -m pip install --quiet -c .ci/constraints.txt -e '.[dev]'
	@$(BIN)/python .ci/system_packages.py
	@touch $@
