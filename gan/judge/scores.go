package judge

import "math"

// Scores are what a judge says of images.
type Scores struct {
	Images           int     `json:"images"`
	FrechetDistance  float64 `json:"classifier_frechet_distance"` // of features to the test images', 0 or more
	ClassifierScore  float64 `json:"classifier_score"`            // 1 to the number of classes
	Confident        float64 `json:"confident"`                   // share of images that the classifier is sure of
	Classes          []int   `json:"classes"`                     // images by their likeliest class
	ConfidentClasses []int   `json:"confident_classes"`           // those that the classifier is sure of
	// ClassesSeen is the number of classes with more than a few confident images: at least a tenth
	// of what each had if all had the same.
	ClassesSeen int `json:"classes_seen"`
	// Asked are the images by the class that they were to be of, and Right those of them that the classifier takes for it;
	// nil if the model does not know the classifier's classes.
	Asked []int `json:"asked,omitempty"`
	Right []int `json:"right,omitempty"`
}

// Accuracy is the share of images that are taken for the class that they were to be of, NaN if they were not to be of any.
func (s Scores) Accuracy() float64 {
	asked, right := 0, 0
	for class, n := range s.Asked {
		asked, right = asked+n, right+s.Right[class]
	}
	return float64(right) / float64(asked)
}

// seen is the share of its even share that a class takes to count as seen: in ten classes, 1% of
// the images.
const seen = 0.1

func (j *Judge) scores(known recognition) (Scores, error) {
	s := Scores{Images: known.count}
	var err error
	if s.FrechetDistance, err = frechetDistance(gaussianOf(known.features, j.recognizer.features), j.test); err != nil {
		return s, err
	}
	j.classify(&s, known)
	return s, nil
}

// classify fills in what follows from the classes' probabilities p(y|x). The classifier score is
// that of Salimans et al. (2016), "Improved techniques for training GANs", with this classifier in
// Inception's place and all images in one part:
//
//	exp(mean over x of KL(p(y|x) || p(y))),  p(y) = mean over x of p(y|x)
func (j *Judge) classify(s *Scores, known recognition) {
	classes := j.recognizer.classes
	s.Classes, s.ConfidentClasses = make([]int, classes), make([]int, classes)
	marginal, p := make([]float64, classes), make([]float64, classes)
	n, negentropy, confident := float64(known.count), 0., 0
	for i, class := range known.likeliest() {
		softmax(known.logits[i*classes:(i+1)*classes], p)
		s.Classes[class]++
		if p[class] >= j.options.Confidence {
			s.ConfidentClasses[class]++
			confident++
		}
		for c, v := range p {
			marginal[c] += v / n
		}
		negentropy += plogp(p) / n
	}
	s.Confident = float64(confident) / n
	for _, count := range s.ConfidentClasses {
		if float64(count*classes) >= seen*n {
			s.ClassesSeen++
		}
	}
	s.ClassifierScore = math.Exp(negentropy - plogp(marginal))
}

// softmax are the probabilities p that logits stand for.
func softmax(logits []float32, p []float64) {
	top := math.Inf(-1)
	for _, z := range logits {
		top = max(top, float64(z))
	}
	var sum float64
	for c, z := range logits {
		p[c] = math.Exp(float64(z) - top)
		sum += p[c]
	}
	for c := range p {
		p[c] /= sum
	}
}

// plogp is the sum of p*log(p), the negative of the entropy.
func plogp(p []float64) float64 {
	var sum float64
	for _, v := range p {
		if v > 0 {
			sum += v * math.Log(v)
		}
	}
	return sum
}
