# make          build build/bin/gtx, with everything it needs
# make demo     and translate photographs that a Debian package ships to winter
# make test     and run every check and test
# make bench    and measure speed and memory: BENCH_IMAGES=FOLDER
# make install  into PREFIX (/usr/local)
#
# Set-up is part of each: on Debian 12 only make and Go need to be there.

PREFIX  ?= /usr/local
PYTHON  := /usr/bin/python3
PHOTOS  := build/photos
GTX     := build/bin/gtx
LIBRARY := build/lib/libonnxruntime.so.1

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

export CGO_ENABLED = 1

.PHONY: build deps demo test lint bench install clean FORCE

build: $(GTX)

$(GTX): deps FORCE
	go build -trimpath -ldflags="-s -w" -o $@ .

# Debian packages and ONNX Runtime; quick when they are there.
deps:
	scripts/install-packages libvips-dev gcc libc6-dev pkg-config ca-certificates npm
	scripts/fetch-onnxruntime $(dir $(LIBRARY))

demo: build
	scripts/fetch-photos $(PHOTOS)
	find $(PHOTOS) -name '*.jpg' | sort | $(GTX) translate --to winter --base $(PHOTOS) -o build/demo

test: build lint
	scripts/install-packages python3-torch python3-onnx python3-numpy python3-pil python3-pytest python3-pip
	scripts/fetch-third-party build/third-party
	scripts/fetch-python-packages build/python
	go test -race ./...
	cd scripts && PYTHONPATH=$(abspath build/python) $(PYTHON) -m pytest -q -p no:cacheprovider tests

lint: deps
	@test -z "$$(gofmt -l .)" || { echo "gofmt would change:"; gofmt -l .; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...

bench: build
	GTX_ONNXRUNTIME="$${GTX_ONNXRUNTIME-$(abspath $(LIBRARY))}" go run ./scripts/bench -gtx $(GTX) -images "$(BENCH_IMAGES)"

install: build
	install -D -m 755 $(GTX) $(DESTDIR)$(PREFIX)/bin/gtx
	install -D -m 644 $(LIBRARY) $(DESTDIR)$(PREFIX)/lib/libonnxruntime.so.1

clean:
	rm -rf build
