# make          build build/bin/gtx; needs Go, libvips and a C compiler
# make deps     install what gtx needs on Debian 12, using sudo if you are not root
# make demo     deps and build, then translate three photographs to winter
# make test     deps and build, then run every check and test
# make soak     try to break gtx, in about an hour (docs/reliability.md)
# make lint     check formatting and run the static checks of Go, Python and C
# make bench    compare gtx with other programs, in a quarter of an hour: BENCH_IMAGES=FOLDER
# make zoo      train, export and judge the models of the zoo that are missing, overnight: DATA=FOLDER
# make install  install into PREFIX (/usr/local)
#
# Only deps, demo and test install anything.

PREFIX  ?= /usr/local
PYTHON  := /usr/bin/python3
PHOTOS  := build/photos
GTX     := build/bin/gtx
LIBRARY := build/lib/libonnxruntime.so.1
OPENVINO := build/lib/onnxruntime-openvino

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

BUILD_PACKAGES := libvips-dev gcc libc6-dev pkg-config
DEPS_PACKAGES  := $(BUILD_PACKAGES) ca-certificates python3-pip
LINT_PACKAGES  := clang-format
TEST_PACKAGES  := python3-torch python3-onnx python3-numpy python3-pil python3-pytest libimage-exiftool-perl \
	slurmctld slurmd slurm-client slurm-wlm-basic-plugins munge parallel \
	python3-click python3-filelock python3-jsonschema python3-msgpack python3-packaging python3-protobuf python3-requests python3-yaml \
	cron inotify-tools systemd chromium
BENCH_PACKAGES := npm python3-pip

export CGO_ENABLED = 1

.PHONY: build deps test-deps demo test soak lint bench zoo install clean FORCE
.NOTPARALLEL:

build: $(GTX)

$(GTX): FORCE
	@pkg-config --exists vips 2>/dev/null && command -v cc >/dev/null || scripts/install-packages --check $(BUILD_PACKAGES)
	go build -trimpath -ldflags="-s -w" -o $@ .

# Quick if everything is there.
deps:
	scripts/install-packages $(DEPS_PACKAGES)
	scripts/fetch-onnxruntime $(dir $(LIBRARY))
	scripts/fetch-openvino $(OPENVINO)

demo: deps build
	scripts/fetch-photos $(PHOTOS)
	find $(PHOTOS) -name '*.jpg' | sort | $(GTX) translate --to winter --base $(PHOTOS) -o build/demo

test: deps test-deps build lint
	go test -race ./...
	cd scripts/kubernetes && go test ./...
	cd scripts && PYTHONPATH=$(abspath build/python) $(PYTHON) -m pytest -q -p no:cacheprovider tests

test-deps:
	scripts/install-packages $(LINT_PACKAGES) $(TEST_PACKAGES)
	scripts/fetch-third-party build/third-party
	scripts/fetch-python-packages build/python
	scripts/fetch-ray build/ray

lint:
	@scripts/install-packages --check $(LINT_PACKAGES)
	@test -z "$$(gofmt -l .)" || { echo "gofmt would change:"; gofmt -l .; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...
	clang-format --dry-run -Werror stages/*.[ch] stages/*/*.[ch] cli/stdout/*.c
	scripts/lint-python

soak: build
	go run ./scripts/soak -gtx $(GTX) -json build/soak.json

bench: build
	@scripts/install-packages --check $(BENCH_PACKAGES)
	go run ./scripts/bench -gtx $(GTX) -images "$(BENCH_IMAGES)"

install: build
	@test -f $(LIBRARY) || { echo "$(LIBRARY) is missing: make deps fetches it" >&2; exit 1; }
	install -D -m 755 $(GTX) $(DESTDIR)$(PREFIX)/bin/gtx
	install -D -m 644 $(LIBRARY) $(DESTDIR)$(PREFIX)/lib/libonnxruntime.so.1
	@test ! -d $(OPENVINO) || for file in $(OPENVINO)/*; do \
		install -D -m 644 "$$file" "$(DESTDIR)$(PREFIX)/lib/onnxruntime-openvino/$${file##*/}" || exit 1; done
	@for file in models/zoo/*.onnx; do test ! -f "$$file" || \
		install -D -m 644 "$$file" "$(DESTDIR)$(PREFIX)/share/gtx/models/$${file##*/}" || exit 1; done

# What is there already stays: a run goes on where it was, and only new models are judged.
zoo: build
	@test -d "$(DATA)/faces" || { echo "make zoo DATA=FOLDER: $(DATA) has no faces, facades and so on" >&2; exit 1; }
	scripts/make-zoo "$(DATA)" build/zoo

clean:
	rm -rf build
