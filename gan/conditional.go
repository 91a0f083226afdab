package gan

import (
	"errors"
	"fmt"
	"slices"

	"gangpu/engine/program"
)

// Conditional is m with networks that also know the class of an image, one of so many (Mirza and
// Osindero, 2014): where their paper appends the class to the input of a network's first layer, the
// layer's result gets a learned array of the class added, which is what a dense layer makes of the
// appended class, and more than a convolution makes of planes that hold it.
func (m Model) Conditional(classes int) Model {
	for _, n := range []*Network{&m.Generator, &m.Discriminator} {
		first := slices.IndexFunc(n.Layers, func(l Layer) bool { return len(l.weights(n.Input)) > 0 })
		n.Layers = slices.Insert(slices.Clone(n.Layers), first+1, Layer(ClassEmbedding{Classes: classes}))
	}
	return m
}

// Classes is the number of classes that m knows, 0 if none.
func (m Model) Classes() int {
	for _, layer := range m.Generator.Layers {
		if c, ok := layer.(ClassEmbedding); ok {
			return c.Classes
		}
	}
	return 0
}

// Classes is one more than the largest label, 0 without any.
func (i Images) Classes() int {
	classes := 0
	for _, l := range i.Labels {
		classes = max(classes, int(l)+1)
	}
	return classes
}

// classes is the number of classes that a network knows, 0 if none.
func (l *Layout) classes() (int, error) {
	classes := 0
	for _, layer := range l.Layers {
		c, ok := layer.Layer.(ClassEmbedding)
		if ok && classes != 0 && c.Classes != classes {
			return 0, fmt.Errorf("%s/%s: %d classes, and %d in a layer before", l.Name, layer.Name, c.Classes, classes)
		}
		classes = max(classes, c.Classes)
	}
	return classes, nil
}

// Storages of a conditional GAN's programs.
const (
	storageConditions = "conditions"  // [batch, classes]: 1 at an image's class, else 0
	storageDrawn      = "drawn"       // [batch] uint32: the classes of fakes
	storageEveryClass = "every class" // [classes, classes] uint8: 255 at a row's own class
)

// drawConditions fills in the conditions of so many fakes, drawn evenly, from a row on.
func (b steps) drawConditions(p *program.Program, counter string, stream uint32, fakes, row int) error {
	return errors.Join(
		p.Append("classes", program.Indices{N: fakes, Draw: b.draw(stream), Limit: uint32(b.classes)}, arg(counter), arg(storageDrawn)),
		p.Append("conditions/fake", program.Images{Batch: fakes, Pixels: b.classes, Count: b.classes},
			arg(storageEveryClass), arg(storageDrawn), program.Arg{Storage: storageConditions, Offset: row * b.classes}))
}

// realConditions fills in the conditions of the real images that the indices name, from the first
// row on.
func (b steps) realConditions(p *program.Program, real, count int) error {
	return p.Append("conditions/real", program.Images{Batch: real, Pixels: b.classes, Count: count},
		arg(storageClasses), arg(storageIndices), arg(storageConditions))
}

// writeClasses puts the images' classes on the device.
func writeClasses(a *arrays, labels []byte, classes int) error {
	every := make([]byte, classes)
	for i := range every {
		every[i] = byte(i)
	}
	return errors.Join(write(a, storageClasses, 0, oneHot(labels, classes)), write(a, storageEveryClass, 0, oneHot(every, classes)))
}

// oneHot are rows of so many bytes, 255 at the row's label and else 0.
func oneHot(labels []byte, classes int) []byte {
	rows := make([]byte, len(labels)*classes)
	for i, l := range labels {
		rows[i*classes+int(l)] = 255
	}
	return rows
}

// validateLabels checks that every image has one of so many classes.
func (i Images) validateLabels(classes int) error {
	if len(i.Labels) != i.Count {
		return fmt.Errorf("%d labels of %d images, and the model is to know their classes", len(i.Labels), i.Count)
	}
	if most := i.Classes() - 1; most >= classes {
		return fmt.Errorf("an image is of class %d, the model knows 0 to %d", most, classes-1)
	}
	return nil
}
