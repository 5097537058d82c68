package models_test

import (
	"context"
	"fmt"
	"log"

	"gtx/models"
	"gtx/models/manifest"
)

func Example() {
	library, err := models.FindLibrary("")
	if err != nil {
		log.Fatal(err)
	}
	runtime, err := models.Open(library)
	if err != nil {
		log.Fatal(err)
	}
	defer runtime.Close()

	model, err := models.Find("../testdata/models/shift.onnx") // adds 40 times the code
	if err != nil {
		log.Fatal(err)
	}
	half := models.Request{To: "winter", Strength: 0.5}
	translator, err := runtime.NewTranslator(model, half, models.Options{Device: "cpu"})
	if err != nil {
		log.Fatal(err)
	}
	defer translator.Close()

	black := models.Batch{N: 1, Height: 64, Width: 48, Pixels: make([]byte, 64*48*3)}
	results, err := translator.Run(context.Background(), black)
	if err != nil {
		log.Fatal(err)
	}
	grey := results[0]
	fmt.Println(translator.Provider(), grey.Width, grey.Height, grey.Pixels[:3])
	// Output: cpu 48 64 [20 20 20]
}

func ExampleSize_Shape() {
	size := manifest.Size{Mode: "multiple", H: 256, W: 256, MultipleOf: 8, Min: 64, Max: 512}
	fmt.Println(size.Shape(4000, 3000))
	fmt.Println(size.Shape(3000, 4000))
	// Output:
	// 296 224
	// 224 296
}
