# Two commands: `make demo` and `make test`. Everything else is a step of those.

DATA        ?= $(or $(MILLWRIGHT_DATA),$(CURDIR)/.data)
MILLWRIGHT   = $(or $(CARGO_TARGET_DIR),target)/release/millwright
SUDO         = $(shell [ "$$(id -u)" = 0 ] || command -v sudo)
PACKAGES     = $(shell sed 's/\#.*//' packages.txt)

export MILLWRIGHT_DATA := $(DATA)
export MILLWRIGHT_TEST_DATA := $(DATA)
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: demo test packages build build-tests models test-models lint picture figures lab

demo: build models ## build, fetch models, index the sample manuals, ask the recorded question
	$(MILLWRIGHT) index knowledge
	$(MILLWRIGHT) ask --audio assets/question.flac --speak

test: build-tests test-models ## every test
	cargo test --release

packages:
	@missing=$$(for p in $(PACKAGES); do dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	if [ -n "$$missing" ]; then \
		echo "installing: $$missing"; \
		$(SUDO) apt-get update -qq && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	fi

build: packages
	cargo build --release

# The program too, with the features that the tests' own crates ask of shared ones: `build`
# before it would compile those twice.
build-tests: packages
	cargo test --release --no-run

models: build
	$(MILLWRIGHT) models pull

# The tests need every small model, the voice with its "check before commercial use" too.
test-models: build-tests
	$(MILLWRIGHT) models pull --accept-licences whisper-tiny.en qwen2.5-coder-0.5b smollm2-135m piper-en-us-joe minilm-l6-v2 silero-vad pdfium

# The README's figures, measured here and now.
figures: build models
	$(MILLWRIGHT) index knowledge
	$(MILLWRIGHT) eval golden --json | tail -n 1 > docs/golden.json
	@# Real manuals and questions, laid out like the evaluation data: EVAL=DIR.
	@if [ -n "$(EVAL)" ]; then $(MILLWRIGHT) eval retrieval --from "$(EVAL)" --json | tail -n 1 > docs/retrieval.json; fi
	@# PEER=PYTHON, one that has faster-whisper, puts it beside.
	@if [ -n "$(EVAL)" ]; then $(MILLWRIGHT) eval hearing --from "$(EVAL)" $(if $(PEER),--peer "$(PEER)") --json | tail -n 1 > docs/hearing.json; fi
	@if [ -n "$(EVAL)" ]; then $(MILLWRIGHT) eval trust --from "$(EVAL)" --json | tail -n 1 > docs/trust.json; fi
	python3 docs/figures.py

# The README's picture of the panel, from a real turn.
picture: build
	$(MILLWRIGHT) index knowledge
	$(MILLWRIGHT) tui --still docs/panel.svg --question "What is the torque of the M16 flange bolt on the pump jack?"

lint: packages
	cargo fmt --check
	cargo clippy --release --all-targets -- -D warnings
	cargo deny check bans licenses sources

lab: models ## the engine beside llama.cpp, an hour on a quiet machine: writes docs/lab.json and README
	python3 benches/peers/llama_build.py
	$(MILLWRIGHT) lab --peers --json > docs/lab.json.new && mv docs/lab.json.new docs/lab.json
	python3 docs/lab_table.py
