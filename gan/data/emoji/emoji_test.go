package emoji

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	names := map[string]string{}
	groups := map[string]int{}
	if err := eachOfTable(func(codes []rune, name, group string) {
		if _, ok := names[id(codes)]; ok || name == "" {
			t.Errorf("%x comes twice, or without a name", codes)
		}
		names[id(codes)] = name
		groups[group]++
	}); err != nil {
		t.Fatal(err)
	}
	// emoji-test.txt counts 3,655 fully qualified ones and 9 components.
	if len(names) != 3655+9 || len(groups) != 10 || groups["Flags"] != 269 || groups["Food & Drink"] != 133 {
		t.Errorf("%d names, groups %v", len(names), groups)
	}
	for codes, want := range map[string]string{
		"1f600":                  "grinning face",
		"1f44b-1f3fc":            "waving hand: medium-light skin tone",
		"1f468-200d-1f680":       "man astronaut",
		"1f469-1f3ff-200d-1f9b0": "woman: dark skin tone, red hair",
		"1f491-1f3fb":            "couple with heart: light skin tone",
		"1f468-1f3fb-200d-2764-fe0f-200d-1f468-1f3fd": "couple with heart: man, man, light skin tone, medium skin tone",
		"1f1e9-1f1ea": "flag: Germany",
	} {
		if names[codes] != want {
			t.Errorf("%s is %q, want %q", codes, names[codes], want)
		}
	}
}

func codesOf(s string) []rune {
	return slices.DeleteFunc([]rune(s), func(c rune) bool { return c == ' ' })
}

// Variants of one another have the same base; others have others.
func TestBase(t *testing.T) {
	var seen []string
	for _, family := range [][]string{
		{"👋", "👋🏻", "👋🏿"},
		{"🧑", "👨", "👩", "👩🏾", "👨‍🦰", "👩🏼‍🦲", "🧑🏿‍🦳"},
		{"🧑‍🚀", "👨‍🚀", "👩🏽‍🚀"},
		{"🏃", "🏃‍♀️", "🏃🏻‍♂️"},
		{"👫", "👬🏿", "👭", "🧑‍🤝‍🧑", "👩🏻‍🤝‍👨🏿"},
		{"💏", "💏🏽", "👩‍❤️‍💋‍👨", "👨🏻‍❤️‍💋‍👨🏿"},
		{"💑", "👩🏻‍❤️‍👩🏼"},
		{"👪", "👨‍👩‍👧", "👩‍👧‍👦", "👨‍👦"},
		{"🧒", "👦🏿", "👧"},
		{"🤴", "👸🏾", "🫅"},
		{"🎅", "🤶🏻", "🧑‍🎄"},
		{"🕺", "💃"},
		{"❤️"}, {"♀️"}, {"♂️"}, {"🏴"}, {"🏴󠁧󠁢󠁥󠁮󠁧󠁿"}, {"🇩🇪"}, {"😀"}, {"#️⃣"},
	} {
		first := base(codesOf(family[0]))
		if slices.Contains(seen, first) || first == "" {
			t.Errorf("%s has the base %q, as another has", family[0], first)
		}
		seen = append(seen, first)
		for _, one := range family {
			if got := base(codesOf(one)); got != first {
				t.Errorf("%s has the base %s, %s has %s", one, got, family[0], first)
			}
		}
	}
}

func TestReadErrors(t *testing.T) {
	if _, err := Read([]byte("hello")); err == nil || !strings.Contains(err.Error(), "reading the font") {
		t.Errorf("error %v", err)
	}
}

func TestRead(t *testing.T) {
	user, err := os.UserCacheDir()
	if err != nil {
		t.Skipf("there is no folder for caches here, in which the drawings could be: %v", err)
	}
	font, err := os.ReadFile(filepath.Join(user, "gangpu", "emoji", "NotoColorEmoji.ttf"))
	if err != nil {
		t.Skipf("the font is not in the cache: gangpu data emoji fetches it: %v", err)
	}
	list, err := Read(font)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 3651 {
		t.Errorf("%d drawings", len(list))
	}
	has := map[string][]string{}
	for _, d := range list {
		for i, yes := range d.Has {
			if yes {
				has[d.ID()] = append(has[d.ID()], Attributes[i])
			}
		}
		if d.Base != base(d.Codes) || len(d.PNG) < 100 {
			t.Fatalf("%+v", d)
		}
	}
	for id, want := range map[string]string{
		"1f600":                      "",
		"2640-fe0f":                  "",
		"1f469":                      "woman",
		"1f469-1f3ff-200d-1f9b0":     "woman, dark skin, red hair",
		"1f3c3-1f3fb-200d-2642-fe0f": "light skin, man",
		"1f9d1-1f3fb-200d-1f91d-200d-1f9d1-1f3ff": "person, light skin, dark skin",
	} {
		got := has[id]
		for _, one := range strings.Split(want, ", ") {
			if one != "" && !slices.Contains(got, one) || one == "" && got != nil {
				t.Errorf("%s has %v, want %s", id, got, want)
			}
		}
		if want != "" && len(got) != strings.Count(want, ", ")+1 {
			t.Errorf("%s has %v, want %s", id, got, want)
		}
	}
}
