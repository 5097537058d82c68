# make          build build/bin/gtx; needs Go, libvips and a C compiler
# make deps     install what gtx needs on Debian 12, using sudo if you are not root
# make demo     deps and build, then translate three photographs to winter
# make test     deps and build, then run every check and test
# make soak     try to break gtx, in about an hour (docs/reliability.md)
# make lint     check formatting and run the static checks of Go, Python and C
# make bench    compare gtx with other programs, in a quarter of an hour: BENCH_IMAGES=FOLDER
# make zoo      train, export and judge the models of the zoo that are missing, overnight: DATA=FOLDER
# make install  install into PREFIX (/usr/local)
# make deb      build a Debian package in build/packages (docs/install.md)
# make container  build an OCI image there
# make packages   build both, the source, a list of what is in them, and SHA256SUMS
# make packages-test  build them twice, and install and run them, in some minutes
#
# Only deps, demo, test and packages-test install Debian packages.

PREFIX  ?= /usr/local
ZSH_COMPLETIONS ?= share/zsh/site-functions
PYTHON  := /usr/bin/python3
PHOTOS  := build/photos
GTX     := build/bin/gtx
LIBRARY := build/lib/libonnxruntime.so.1
PACKAGES := build/packages
OPENVINO := build/lib/onnxruntime-openvino

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

BUILD_PACKAGES := libvips-dev gcc libc6-dev pkg-config
DEPS_PACKAGES  := $(BUILD_PACKAGES) ca-certificates python3-pip
LINT_PACKAGES  := clang-format
TEST_PACKAGES  := python3-torch python3-onnx python3-numpy python3-pil python3-pytest libimage-exiftool-perl ffmpeg rclone \
	slurmctld slurmd slurm-client slurm-wlm-basic-plugins munge parallel \
	python3-click python3-filelock python3-jsonschema python3-msgpack python3-packaging python3-protobuf python3-requests python3-yaml \
	cron inotify-tools systemd \
	tmux zsh fish man-db mandoc chromium
BENCH_PACKAGES := npm python3-pip
PACKAGE_PACKAGES := dpkg-dev mmdebstrap

# The same code gives the same bytes in any folder, with git or without.
REPRODUCIBLE := -trimpath -buildvcs=false

export CGO_ENABLED = 1

.PHONY: build deps test-deps demo test soak lint bench zoo zoo-data install deb container packages packages-test clean FORCE
.NOTPARALLEL:

build: $(GTX)

$(GTX): FORCE
	@pkg-config --exists vips 2>/dev/null && command -v cc >/dev/null || scripts/install-packages --check $(BUILD_PACKAGES)
	go build $(REPRODUCIBLE) -buildmode=pie -ldflags="-s -w -extldflags=-Wl,-z,relro,-z,now -X 'gtx/cli/release.stamp=$$(scripts/package/stamp)'" -o $@ .

# Quick if everything is there.
deps:
	scripts/install-packages $(DEPS_PACKAGES)
	scripts/fetch-onnxruntime $(dir $(LIBRARY))
	scripts/fetch-openvino $(OPENVINO)

demo: deps build
	scripts/fetch-photos $(PHOTOS)
	find $(PHOTOS) -name '*.jpg' | sort | $(GTX) translate --to winter --base $(PHOTOS) -o build/demo

test: deps test-deps build lint
	go test -race -timeout 30m ./...
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
	install -D -m 644 $(LIBRARY) $(DESTDIR)$(PREFIX)/lib/gtx/libonnxruntime.so.1
	@test ! -d $(OPENVINO) || for file in $(OPENVINO)/*; do \
		install -D -m 644 "$$file" "$(DESTDIR)$(PREFIX)/lib/gtx/onnxruntime-openvino/$${file##*/}" || exit 1; done
	@for file in models/zoo/*.onnx; do test ! -f "$$file" || \
		install -D -m 644 "$$file" "$(DESTDIR)$(PREFIX)/share/gtx/models/$${file##*/}" || exit 1; done
	$(GTX) man --out $(DESTDIR)$(PREFIX)/share/man/man1
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/$(ZSH_COMPLETIONS) $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	$(GTX) completion bash >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/gtx
	$(GTX) completion zsh >$(DESTDIR)$(PREFIX)/$(ZSH_COMPLETIONS)/_gtx
	$(GTX) completion fish >$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/gtx.fish

deb: build
	@scripts/install-packages --check $(PACKAGE_PACKAGES)
	scripts/package/deb $(PACKAGES)

container: deb
	scripts/package/container $(PACKAGES)/gtx_*.deb $(PACKAGES)

packages: container
	scripts/package/finish $(PACKAGES)

packages-test: deps
	scripts/install-packages $(PACKAGE_PACKAGES) lintian bubblewrap
	scripts/package/test

# What is there already stays: a run goes on where it was, and only what has changed is judged.
zoo: zoo-data build
	scripts/make-zoo "$(DATA)" build/zoo

zoo-data:
	@scripts/make-zoo --check "$(DATA)"

clean:
	rm -rf build
