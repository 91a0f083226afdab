package exchange

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gangpu/gan/games/pix2pix"
	"gangpu/gan/games/stargan"
	"gangpu/gan/train"
	"gangpu/gan/train/traintest"
)

// runtimeVariable in the environment is the folder dist of onnxruntime-web, as make onnxruntime-web
// fetches it.
const runtimeVariable = "GANGPU_ONNXRUNTIME_WEB"

// TestPeersBrowser opens the page as a file in a real browser that can reach nothing but this test,
// and compares the images that it makes with ours.
func TestPeersBrowser(t *testing.T) {
	runtime := os.Getenv(runtimeVariable)
	if runtime == "" {
		t.Skip(runtimeVariable + " names no ONNX Runtime Web; make test-export does")
	}
	browser := findBrowser(t)
	m := randomModel(t, oddGame(5))
	const class, count, latent, classes = 3, 4, 9, 5
	values := make([]float32, count*latent)
	for i := range values {
		values[i] = float32(i%7)/3 - 1
	}
	one := make([]float32, count*classes)
	for i := range count {
		one[i*classes+class] = 1
	}
	want := runUse(t, m, train.SampleUse, map[string][]float32{"z": values, "class": one})
	noise, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := WriteWeb(dir, m, runtime); err != nil {
		t.Fatal(err)
	}
	// A person moves every control; then the page makes images of the noise.
	text := inBrowser(t, browser, dir, fmt.Sprintf(`
			const picture = id => Array.from(get(id).getContext("2d").getImageData(0, 0, width, height).data).join();
			await until("it starts", () => get("status").textContent === "" && get("grid").children[24].width === width);
			const first = picture("moved");
			get("class").value = "%d";
			get("class").onchange();
			await until("another class", () => picture("moved") !== first);
			const before = ["from", "middle", "to", "moved"].map(picture);
			get("grid").children[3].click();
			await until("an image is chosen", () => picture("from") !== before[0] && picture("moved") !== before[3]);
			await until("the place is at the beginning", () => picture("middle") === picture("from"));
			get("place").value = 1;
			get("place").oninput();
			await until("the place is at the end", () => picture("middle") === before[2]);
			const slider = get("sliders").querySelector("input"), chosen = picture("moved");
			slider.value = 2;
			slider.oninput();
			await until("a direction", () => picture("moved") !== chosen);
			get("reset").click();
			await until("reset", () => picture("moved") === chosen);
			get("play").click();
			await until("it plays", () => Number(get("place").value) < 1);
			get("play").click();
			const noise = Float32Array.from(%s);
			post(JSON.stringify(Array.from(await generate(noise))));`, class, noise))
	var got []float32
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(text)
	}
	compare(t, "the browser's images", got, want)
}

// A person chooses a picture, then the way back, and sees what becomes of it: what gangpu makes of the same pixels.
func TestPeersBrowserTranslates(t *testing.T) {
	runtime := os.Getenv(runtimeVariable)
	if runtime == "" {
		t.Skip(runtimeVariable + " names no ONNX Runtime Web; make test-export does")
	}
	browser := findBrowser(t)
	m := cycle(t)
	dir := t.TempDir()
	if err := WriteWeb(dir, m, runtime); err != nil {
		t.Fatal(err)
	}
	text := inBrowser(t, browser, dir, `
			const picture = id => Array.from(get(id).getContext("2d").getImageData(0, 0, width, height).data).join();
			await until("it starts", () => get("status").textContent === "Choose a picture" && !get("picture").disabled);
			const drawn = Object.assign(document.createElement("canvas"), { width: 40, height: 20 }), pen = drawn.getContext("2d");
			for (let x = 0; x < 40; x += 4) for (let y = 0; y < 20; y += 4) {
				pen.fillStyle = "rgb(" + [6 * x, 12 * y, 100] + ")";
				pen.fillRect(x, y, 4, 4);
			}
			const files = new DataTransfer();
			files.items.add(new File([await new Promise(done => drawn.toBlob(done))], "drawn.png", { type: "image/png" }));
			get("picture").files = files.files;
			get("picture").onchange();
			await until("a picture is translated", () => !document.querySelector("main").hidden && get("status").textContent === "");
			const there = picture("made"), seen = picture("from");
			if (get("made").width !== 16 || get("made").height !== 16) throw new Error("it is " + get("made").width + " pixels wide");
			get("way").selectedIndex = 1;
			get("way").onchange();
			await until("it is translated back", () => picture("made") !== there && get("status").textContent === "");
			if (picture("from") !== seen) throw new Error("the picture has changed");
			const pixels = await read(get("picture").files[0]);
			post(JSON.stringify([Array.from(pixels), Array.from(await translate(pixels)), Array.from(await translate(pixels, 1)), seen.split(",").map(Number)]));`)
	var got [4][]float32
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(text)
	}
	pixels := got[0]
	if len(pixels) != 16*16*3 {
		t.Fatalf("%d values of 16 x 16 pixels", len(pixels))
	}
	// The middle of 40 x 20 is shrunk to 16 x 16: what is seen is what is translated, and red grows from left to right.
	for i, v := range pixels {
		if seen := got[3][i/3*4+i%3] / 255; seen != v {
			t.Fatalf("value %d is %v, seen %v", i, v, seen)
		}
	}
	if left, right := pixels[(8*16+1)*3], pixels[(8*16+14)*3]; !(left > 0.2 && left < 0.35 && right > left+0.3) {
		t.Errorf("red is %v on the left and %v on the right", left, right)
	}
	compare(t, "what is made of it", got[1], runUse(t, m, train.TranslateUse, map[string][]float32{"a": pixels}))
	compare(t, "what is made of it on the way back", got[2], runUse(t, m, train.ReverseUse, map[string][]float32{"b": pixels}))
}

// inBrowser opens a page that was written to a folder in a browser that can reach nothing but this test. The script runs
// there; what it posts is returned.
func inBrowser(t *testing.T, browser, dir, script string) string {
	t.Helper()
	posted := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		select {
		case posted <- string(text):
		default:
		}
	}))
	defer server.Close()

	index := filepath.Join(dir, "index.html")
	page, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	whole := fmt.Sprintf(`<script>(async () => {
		const post = text => fetch(%q, { method: "POST", mode: "no-cors", body: text });
		try {
			const until = async (what, test) => {
				for (let i = 0; !test(); i++) {
					if (i > 600) throw new Error(what + ": " + get("status").textContent);
					await new Promise(done => setTimeout(done, 100));
				}
			};
%s
		} catch (error) {
			post("failed: " + error);
		}
	})()</script></body>`, server.URL, script)
	if err := os.WriteFile(index, []byte(strings.Replace(string(page), "</body>", whole, 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	profile, err := os.MkdirTemp("", "gangpu-browser-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(profile) // which what is left of the browser may hinder
	cmd := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
		"--remote-debugging-port=0", "--user-data-dir="+profile, "file://"+filepath.ToSlash(index))
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cancel(); _ = cmd.Wait() }()
	select {
	case text := <-posted:
		return text
	case <-ctx.Done():
		t.Fatal("the browser said nothing")
	}
	return ""
}

func findBrowser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no browser: chromium or google-chrome")
	return ""
}

// A page says what it takes, and what a picture may become; a graph that it cannot give what it reads is an error.
func TestWebTranslates(t *testing.T) {
	page := func(m *train.Model) string {
		t.Helper()
		dir := t.TempDir()
		if err := WriteWeb(dir, m, ""); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, "index.html"))
		if err != nil {
			t.Fatal(err)
		}
		return html.UnescapeString(string(text))
	}
	dropping := pix2pix.System.Presets[0].Settings.(pix2pix.Settings)
	dropping.Filters, dropping.DFilters, dropping.DLayers = 4, 4, 1
	star := stargan.System.Presets[1].Settings.(stargan.Settings)
	star.Filters, star.Blocks = 4, 1
	g, err := stargan.System.New(star, train.Input{Height: 16, Width: 16, Channels: 3, Classes: 3})
	if err != nil {
		t.Fatal(err)
	}
	d := traintest.Images(6, 16, 16, 3, 3)
	d.Description.Classes = []string{"light", "medium & more", "dark"}
	several, err := traintest.New(t, g, d).Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	pages := [3]string{page(cycle(t)), page(snapshotOf(t, pix2pix.System, dropping)), page(several)}
	for text, in := range map[string][3]bool{`id="way"`: {true, false, false}, "made to 16×16 pixels": {true, true, true}, "dropout that": {false, true, false},
		"<option>medium & more</option>": {false, false, true}, `classInput = "class"`: {false, false, true}} {
		for i, page := range pages {
			if strings.Contains(page, text) != in[i] {
				t.Errorf("%q is in the page of %s: %v", text, []string{"cyclegan", "pix2pix", "stargan"}[i], !in[i])
			}
		}
	}
	odd := cycle(t)
	odd.Uses[train.TranslateUse].Inputs[0].Shape = []int{16, 16, 2}
	if err := WriteWeb(t.TempDir(), odd, ""); err == nil {
		t.Error("a page is made for images of 2 channels")
	}
}

// Without the runtime beside it a page names where it comes from, pinned.
func TestWeb(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "page")
	if err := WriteWeb(dir, kerasModelFile(t), ""); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"onnxruntime-web@" + onnxRuntimeWeb + "/dist/ort.wasm.min.js", `integrity="` + onnxRuntimeWebHash + `"`, "8×8 pixels of 5 random numbers"} {
		if !strings.Contains(html.UnescapeString(string(page)), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if err := WriteWeb(filepath.Join(dir, "other"), kerasModelFile(t), dir); err == nil || !strings.Contains(err.Error(), runtimeScript) {
		t.Errorf("a folder that is no runtime: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "other")); err == nil {
		t.Error("left a folder")
	}
}
