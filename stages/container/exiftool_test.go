package container

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// exiftool runs ExifTool, an independent reader and writer of metadata, and returns its lines.
func exiftool(t *testing.T, arguments ...string) []string {
	t.Helper()
	program, err := exec.LookPath("exiftool")
	if err != nil {
		t.Skip("no exiftool: 'make test-deps' installs it")
	}
	out, err := exec.Command(program, arguments...).CombinedOutput()
	if err != nil {
		t.Fatalf("exiftool %q: %v: %s", arguments, err, out)
	}
	return strings.FieldsFunc(string(out), func(r rune) bool { return r == '\n' })
}

// places are ExifTool's names of the properties of XMP that say where a photograph was taken. ExifTool files
// them in its group Location, but for a few.
var places = strings.Fields(`
	exif:GPSAltitude exif:GPSAreaInformation exif:GPSDestBearing exif:GPSDestLatitude exif:GPSDestLongitude exif:GPSDOP
	exif:GPSHPositioningError exif:GPSImgDirection exif:GPSLatitude exif:GPSLongitude exif:GPSMapDatum exif:GPSProcessingMethod
	exif:GPSSpeed exif:GPSStatus exif:GPSTrack exif:GPSVersionID exif:GPSDateTime
	photoshop:City photoshop:Country photoshop:State iptcCore:CountryCode iptcCore:Location
	iptcExt:LocationCreatedCity iptcExt:LocationCreatedCountryCode iptcExt:LocationCreatedCountryName iptcExt:LocationCreatedGPSLatitude
	iptcExt:LocationCreatedIdentifier iptcExt:LocationCreatedLocationId iptcExt:LocationCreatedLocationName
	iptcExt:LocationCreatedProvinceState iptcExt:LocationCreatedSublocation iptcExt:LocationCreatedWorldRegion
	iptcExt:LocationShownCity iptcExt:LocationShownCountryCode iptcExt:LocationShownCountryName iptcExt:LocationShownGPSAltitude
	iptcExt:LocationShownGPSLongitude iptcExt:LocationShownProvinceState iptcExt:LocationShownSublocation
	iptcExt:LocationShownWorldRegion iptcExt:RatingRegionCity iptcExt:RatingRegionCountryName
	drone-dji:GPSLatitude drone-dji:GPSLongitude drone-dji:GPSLongtitude drone-dji:AbsoluteAltitude drone-dji:RelativeAltitude
	mediapro:Location cell:CellTowerID cell:MobileCountryCode photomech:CountryCode dc:Coverage xmpDM:ShotLocation
	dwc:DCCountry dwc:DCDecimalLatitude dwc:DCFootprintWKT dwc:DCLocality dwc:DCWaterBody`)

// others are properties to be kept.
var others = strings.Fields(`dc:Title dc:Description dc:Creator photoshop:Credit photoshop:Headline xmp:Label exif:UserComment
	iptcExt:Event iptcExt:PersonInImage iptcCore:Scene iptcCore:CreatorCity xmpRights:UsageTerms aux:Lens lr:HierarchicalSubject`)

func TestExifToolFindsNoPositionAndAllElse(t *testing.T) {
	folder := t.TempDir()
	in, out := filepath.Join(folder, "in.xmp"), filepath.Join(folder, "out.xmp")
	arguments := []string{"-q", "-n"}
	for i, name := range slices.Concat(places, others) {
		value := "7"
		if strings.Contains(name, "Date") {
			value = "2026:11:24 01:02:03"
		} else if i >= len(places) {
			value = "kept " + name
		}
		arguments = append(arguments, "-XMP-"+name+"="+value)
	}
	exiftool(t, append(arguments, "-o", in)...)
	source, err := os.ReadFile(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, way := range [][]string{{"-G1", "-s"}, {"-G1", "-s", "-struct"}} {
		all := exiftool(t, append(way, "-XMP:all", in)...)
		if len(all) < 30 {
			t.Fatalf("%d properties were written", len(all))
		}
		m := Metadata{XMP: source}.WithoutPosition()
		if err := os.WriteFile(out, m.XMP, 0o600); err != nil {
			t.Fatal(err)
		}
		left := exiftool(t, append(way, "-XMP:all", out)...)
		for _, line := range left {
			if !strings.Contains(line, "kept ") && !strings.Contains(line, "XMPToolkit") && !strings.Contains(line, " Rating ") { // it has lost its region
				t.Errorf("left: %s", line)
			}
		}
		for _, line := range all {
			if strings.Contains(line, "kept ") && !slices.Contains(left, line) {
				t.Errorf("lost: %s", line)
			}
		}
	}
	if left := exiftool(t, "-G1", "-s", "-Location:all", out); len(left) > 0 {
		t.Errorf("left in the group Location: %q", left)
	}
}

func TestExifToolReadsWhatWasDividedAndIPTCWithoutPlaces(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file.jpg")
	write := func(data []byte) {
		t.Helper()
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(jpegOf(t, scene(16, 16)))
	long := strings.Repeat("long ", 40_000)
	arguments := []string{"-q", "-overwrite_original", "-XMP-dc:Description=" + long[:100_000], "-XMP-dc:Source=" + long[:100_000], "-XMP-dc:Title=title",
		"-GPSLatitude=47", "-GPSLatitudeRef=N", "-Make=maker"}
	for _, name := range []string{"City", "Sub-location", "Province-State", "Country-PrimaryLocationCode", "Country-PrimaryLocationName", "ContentLocationCode", "ContentLocationName"} {
		arguments = append(arguments, "-IPTC:"+name+"=CHE")
	}
	exiftool(t, append(arguments, "-IPTC:Headline=headline", file)...)
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	h, err := Parse(source)
	if err != nil || len(h.Warnings) > 0 {
		t.Fatalf("%v, %q", err, h.Warnings)
	}
	m := h.Metadata.WithoutPosition().WithNote("id", nil).For(JPEG)
	if len(m.Lost) > 0 {
		t.Errorf("%q", m.Lost)
	}
	_, xmp, iptc := m.ForLibvips(JPEG)
	written := withSegment(jpegOf(t, scene(16, 16)), app13[0], iptc)
	written = withSegment(written, app1[0], append(slices.Clone(xmpPrefix), xmp...))
	write(slices.Concat(m.Insert(JPEG, written)...))
	if left := exiftool(t, "-a", "-G1", "-s", "-Location:all", "-IPTC:*Location*", file); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	for name, want := range map[string]string{"XMP-dc:Description": long[:100_000], "XMP-dc:Source": long[:100_000], "XMP-dc:Title": "title",
		"IPTC:Headline": "headline", "Make": "maker", "Warning": ""} {
		if got := strings.Join(exiftool(t, "-s3", "-"+name, file), "\n"); strings.TrimSpace(got) != strings.TrimSpace(want) {
			t.Errorf("%s: %.80q of %d bytes", name, got, len(got))
		}
	}
}
