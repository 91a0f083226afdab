package bench

import (
	"strings"
	"testing"
)

func TestMeasureGraph(t *testing.T) {
	m, err := MeasureGraph()
	if err != nil {
		t.Fatal(err)
	}
	if m.Nodes < 15_000 || m.Nodes > 16_000 || m.Steps < 1000 || m.Build <= 0 || m.Differentiate <= 0 || m.Compile <= 0 {
		t.Errorf("measured %+v", m)
	}
	if s := m.String(); !strings.Contains(s, "nodes: ") || !strings.Contains(s, "ms to build") {
		t.Errorf("it says %q", s)
	}
	t.Log(m)
}
