package cli

import (
	"github.com/urfave/cli/v2"

	"gtx/cli/exit"
	"gtx/models"
	"gtx/models/manifest"
	"gtx/pipeline"
	"gtx/stages"
)

// A labeller adds the stage that finds out the domain of images.
type labeller func(*pipeline.Flow[stages.Source, stages.Image]) *pipeline.Flow[stages.Source, stages.Labelled]

// labelAs gives every image the domain that the user named, or none for "any".
func labelAs(from string, o stages.LabelOptions) labeller {
	if from == "any" {
		from = ""
	}
	return func(f *pipeline.Flow[stages.Source, stages.Image]) *pipeline.Flow[stages.Source, stages.Labelled] {
		return pipeline.Each(f, "classify", 1, stages.Label(from, o))
	}
}

// classifyBy lets a classifier find out the domain. Images enter it in its own shape.
func classifyBy(j stages.Classifier, shape stages.Shape, o stages.LabelOptions, w widths) labeller {
	return func(f *pipeline.Flow[stages.Source, stages.Image]) *pipeline.Flow[stages.Source, stages.Labelled] {
		return pipeline.Batch(f, "classify", pipeline.Batching[stages.Image, [2]int]{
			Size: w.batch, Workers: w.sessions, Key: func(img stages.Image) [2]int {
				wide, high := shape(img.Width, img.Height)
				return [2]int{wide, high}
			},
		}, stages.Classify(j, shape, o))
	}
}

// A classifier is a model that tells domains apart, opened.
type classifier struct {
	judge
	manifest *manifest.Manifest
}

// classifierFor opens m if it is a classifier, and otherwise a classifier that knows the domains of m.
func classifierFor(c *cli.Context, r *models.Runtime, m *models.Model) (classifier, error) {
	o, err := deviceOf(c)
	if err != nil {
		return classifier{}, err
	}
	if m.Manifest.Classifier == nil {
		found, err := models.ClassifierFor(m)
		if err != nil {
			return classifier{}, exit.CannotStart(err)
		}
		m = found
	}
	opened, err := r.NewClassifier(m, o)
	if err != nil {
		return classifier{}, exit.CannotStart(err)
	}
	return classifier{judge{opened}, m.Manifest}, nil
}

// label is a labeller with the threshold and the policy of the classifier's manifest.
func (k classifier) label(o stages.LabelOptions, w widths) labeller {
	spec := k.manifest.Classifier
	o.Threshold, o.Policy = spec.Threshold, stages.Policy(spec.Policy)
	return classifyBy(k.judge, k.manifest.Classified().Size.Shape, o, w)
}
