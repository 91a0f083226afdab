package runfolder

import (
	"strings"
	"testing"
)

func TestColumnNames(t *testing.T) {
	for _, c := range []struct {
		Column
		group, label, short, tag string
	}{
		{Column{Name: "d_loss"}, "loss", "d loss", "d", "loss/d"},
		{Column{Name: "accuracy_real", Axis: "accuracy", Share: true}, "accuracy", "accuracy real", "real", "accuracy/real"},
		{Column{Name: "loss"}, "loss", "loss", "loss", "loss/loss"},
		{Column{Name: "G/l1"}, "loss", "G l1", "G l1", "loss/G_l1"},
		{Column{Name: "coverage", Share: true}, "share", "coverage", "coverage", "share/coverage"},
		{Column{Name: "lr", Axis: "learning rate"}, "learning rate", "lr", "lr", "learning_rate/lr"},
	} {
		if c.Group() != c.group || c.Label() != c.label || c.Short() != c.short || c.Tag() != c.tag {
			t.Errorf("%+v: %q, %q, %q, %q", c.Column, c.Group(), c.Label(), c.Short(), c.Tag())
		}
	}
}

func TestCheckColumns(t *testing.T) {
	if err := CheckColumns(testColumns); err != nil {
		t.Error(err)
	}
	for want, columns := range map[string][]Column{
		"no columns":               nil,
		`"a,b"`:                    {{Name: "a,b"}},
		`""`:                       {{Name: ""}},
		`"a\nb"`:                   {{Name: "a\nb"}},
		`" a"`:                     {{Name: " a"}},
		`"seconds" is there`:       {{Name: "seconds"}},
		`"d_loss" and "d_loss"`:    {{Name: "d_loss"}, {Name: "d_loss"}},
		`"d_loss" and "loss_d" wo`: {{Name: "d_loss"}, {Name: "g_loss"}, {Name: "loss_d"}},
	} {
		if err := CheckColumns(columns); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", columns, err, want)
		}
	}
}

func TestAxes(t *testing.T) {
	axes := Axes([]Column{{Name: "d_loss"}, {Name: "share_a", Share: true}, {Name: "g_loss"}, {Name: "b", Axis: "share"}, {Name: "c", Share: true, Axis: "x"}})
	got := ""
	for _, a := range axes {
		got += a.Name
		if a.Share {
			got += "%"
		}
		for _, i := range a.Columns {
			got += " " + string(rune('0'+i))
		}
		got += ";"
	}
	if want := "loss 0 2;share 1 3;x% 4;"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
