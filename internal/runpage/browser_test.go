package runpage

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gangpu/internal/runfolder"
)

// The pages of this file are looked at in a real browser. A test page holds the page in a frame,
// uses it as a person does, and posts what it found.

// findBrowser skips where there is none, unless one is required.
func findBrowser(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("GANGPU_REQUIRE_BROWSER") != "" {
		t.Fatal("no browser: want chromium or google-chrome in the PATH")
	}
	t.Skip("no browser: chromium or google-chrome")
	return ""
}

// browse opens an address in a browser without a window, and returns its process's output when it
// ends, by itself or with the context.
func browse(ctx context.Context, t *testing.T, address string, flags ...string) string {
	t.Helper()
	browser := findBrowser(t)
	profile, err := os.MkdirTemp("", "gangpu-browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(profile) }) // which what is left of the browser may hinder
	cmd := exec.CommandContext(ctx, browser, append(append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--user-data-dir=" + profile}, flags...), address)...)
	cmd.WaitDelay = time.Second
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	if err := cmd.Run(); err != nil && ctx.Err() == nil {
		t.Fatalf("%s: %v", browser, err)
	}
	return stdout.String()
}

//go:embed browser_test.js
var browserTest string

// use lets a browser do what the script, an async function's body, says with the page at path.
// The script calls step(), which calls step here, and throws what it does not like.
func use(t *testing.T, mux *http.ServeMux, path, script string, step func(n int)) {
	t.Helper()
	findBrowser(t)
	result := make(chan string, 1)
	steps := 0
	mux.HandleFunc("GET /test", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "<!doctype html><iframe style='width:1000px;height:900px'></iframe><script>%s\nuse(%q, async () => {%s})</script>", browserTest, path, script)
	})
	mux.HandleFunc("POST /step", func(http.ResponseWriter, *http.Request) { steps++; step(steps) })
	mux.HandleFunc("POST /result", func(_ http.ResponseWriter, req *http.Request) {
		text, _ := io.ReadAll(req.Body)
		result <- string(text)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	gone := make(chan struct{})
	go func() { defer close(gone); browse(ctx, t, server.URL+"/test") }()
	select {
	case text := <-result:
		if text != "well" {
			t.Error(text)
		}
	case <-ctx.Done():
		t.Error("the browser said nothing")
	}
	cancel()
	<-gone
}

// A person looks at a run from its second epoch until it fails, and moves the slider meanwhile.
func TestBrowserPage(t *testing.T) {
	r := newRun(t)
	train(t, r, 2*perEpoch+5)
	script := `
	await until("it trains", () => text("state") === "training" && text("place").startsWith("epoch 3 of 4, iteration 5 of 20; 45 of 80 in all (56%)"));
	check("curves", all("#axis0 path.mean, #axis1 path.mean, #axis0 path.band, #axis1 path.band").every(p => p.getAttribute("d").length > 100) && all("path").length === 8);
	check("titles", text("axis0-title") === "Loss" && text("axis1-title") === "Accuracy" && text("axis1-legend").startsWith("real "));
	check("the log 2 line", get("judged").hidden && all("#axis0 line.guess").length === 1 && text("axis0-legend").includes("log 2 = 0.693"));
	check("numbers", all("#tiles dt").map(e => e.textContent).join() === "d loss,g loss,accuracy real,accuracy fake,s/iteration,time left");
	check("settings", text("settings").includes("learning rate0.0002"));
	check("text is text", text("facts").includes("digits <&>"));
	check("the newest grid", get("picture").naturalWidth === 444 && text("caption").startsWith("epoch 2,") && get("slider").max === "1");
	const newest = get("picture").src;
	move("slider", 0);
	check("the first grid", text("caption").startsWith("epoch 1,") && get("picture").src !== newest && get("picture").alt === "samples of epoch 1");
	const points = () => all("#axis0 path.mean")[0].getAttribute("d").split(/[ML]/).length - 1, before = points(), curve = all("#axis0 path.mean")[0].getAttribute("d");
	await step();
	await until("the next epoch", () => text("place").includes("63 of 80") && get("slider").max === "2");
	check("the curve grew, by as many points", all("#axis0 path.mean")[0].getAttribute("d") !== curve && points() === 63 && before === 45);
	check("the grid that was chosen stays", text("caption").startsWith("epoch 1,"));
	get("newest").click();
	check("the newest grid again", text("caption").startsWith("epoch 3,") && get("slider").value === "2");
	press("axis0", "Home");
	check("a reading of the curve", text("axis0-legend").includes("at epoch 0.03") && text("axis0-legend").includes("d 0.690 (0.690 to 0.690)"));
	frame.style.width = "360px";
	await until("a phone's width", () => win().innerWidth === 360);
	check("nothing is wider than a phone", doc().documentElement.scrollWidth <= doc().documentElement.clientWidth);
	await step();
	await until("it failed", () => text("state") === "failed");
	check("what is not a number", all("#tiles dd.bad").map(e => e.textContent).join() === "NaN" && all("#axis0 line.mark").length === 1 &&
		text("axis0-legend").includes("d loss is NaN in epoch 4, iteration 4"));
	check("why", text("why") === "the discriminator's loss is NaN");
	check("the finding", text("findings") === "D wins");
	check("loads from nowhere else", win().performance.getEntriesByType("resource").every(e => e.name === location.origin + "/events"));`
	use(t, r.handler(), "/", script, func(n int) {
		switch n {
		case 1:
			train(t, r, 3*perEpoch+3)
		case 2:
			if err := os.WriteFile(r.folder.Findings(), []byte("D wins\n"), 0o666); err != nil {
				t.Error(err)
			}
			m := metrics(3*perEpoch + 3)
			m[dLoss] = float32(math.NaN())
			r.Iteration(m, time.Second)
			r.End(runfolder.Failed, "the discriminator's loss is NaN")
		}
	})
}

// A name that its owner made lead to this machine does not show a run; that of this machine does.
func TestBrowserRebinding(t *testing.T) {
	s := serve(t, newRun(t))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, port, _ := strings.Cut(strings.Trim(s.URL(), "htp:/"), ":")
	const refusal = "is not the address of this page"
	if dom := browse(ctx, t, "http://evil.example:"+port+"/", "--dump-dom", "--host-resolver-rules=MAP evil.example 127.0.0.1"); !strings.Contains(dom, refusal) {
		t.Errorf("by another name the browser shows %.300s", dom)
	}
	// Chromium waits for pages that still load, as this one does that is told how the run goes.
	if dom := browse(ctx, t, "http://localhost:"+port+"/nothing", "--dump-dom"); strings.Contains(dom, refusal) {
		t.Errorf("by its own name the browser shows %.300s", dom)
	}
}

// A run without an epoch has no samples to show, and shows no place for any.
func TestBrowserReportWithoutEpoch(t *testing.T) {
	r := newRun(t)
	train(t, r, 5)
	r.End(runfolder.Interrupted, "")
	if err := r.WriteReport(); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /report", func(w http.ResponseWriter, req *http.Request) { http.ServeFile(w, req, r.folder.Report()) })
	use(t, mux, "/report", `
	await until("it is there", () => text("state") === "interrupted");
	check("no picture, no slider", [get("picture"), get("controls")].every(e => e.getClientRects().length === 0));
	check("words in their place", get("none").getClientRects().length > 0);
`, nil)
}

// The report shows the same, from a file alone.
func TestBrowserReport(t *testing.T) {
	r := newRun(t)
	train(t, r, epochs*perEpoch)
	judged := "epoch,classifier_frechet_distance\n1,1402.5\n2,88.25\n3,97\n"
	if err := os.WriteFile(r.folder.Judge(), []byte(judged), 0o666); err != nil {
		t.Fatal(err)
	}
	r.End(runfolder.Finished, "")
	if err := r.WriteReport(); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /report", func(w http.ResponseWriter, req *http.Request) { http.ServeFile(w, req, r.folder.Report()) })
	use(t, mux, "/report", `
	check("it is finished", text("state") === "finished" && text("place").includes("80 of 80 in all (100%)"));
	check("all epochs", get("slider").max === "3" && all("#rows tr").length === 4);
	check("the distances", all("#score circle").length === 3 && text("score-legend") === "97 in epoch 3; the least was 88.25 in epoch 2");
	const newest = get("picture").src;
	move("slider", 0);
	check("the first grid", get("picture").src !== newest && text("caption").startsWith("epoch 1,") && text("caption").endsWith("distance 1402"));
	get("play").click();
	await until("all grids were played", () => text("caption").startsWith("epoch 4,") && text("play") === "Play");
	check("loads from nowhere", win().performance.getEntriesByType("resource").length === 0);`, nil)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dom := browse(ctx, t, "file://"+filepath.ToSlash(r.folder.Report()), "--dump-dom")
	for _, want := range []string{`class="finished">finished<`, `<path class="mean c1 odd" d="M`, "log 2 = 0.693", "<td>non-saturating</td>"} {
		if !strings.Contains(dom, want) {
			t.Errorf("the report, opened as a file, has no %s", want)
		}
	}
}

// A run of other columns than those of two networks shows them, each on its axis, and the measure that is better higher.
func TestBrowserOddColumns(t *testing.T) {
	r := newRun(t)
	info, err := r.folder.ReadInfo()
	if err != nil {
		t.Fatal(err)
	}
	info.Columns = []runfolder.Column{{Name: "G/l1"}, {Name: "G/adversarial"}, {Name: "D/real_loss"}, {Name: "mask", Share: true}, {Name: "lr", Axis: "learning rate"}}
	info.Guides, info.Settings = nil, nil
	info.Measure = &runfolder.Measure{Name: "psnr", Higher: true}
	r = New(r.folder, info)
	for range 2 * perEpoch {
		r.Iteration([]float32{0.5, -2, 30, 0.25, 2e-4}, time.Second)
		if r.now.iterations%perEpoch == 0 {
			r.Epoch()
		}
	}
	if err := os.WriteFile(r.folder.Judge(), []byte("epoch,psnr\n1,21.5\n2,19\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	r.End(runfolder.Finished, "")
	if err := r.WriteReport(); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /report", func(w http.ResponseWriter, req *http.Request) { http.ServeFile(w, req, r.folder.Report()) })
	use(t, mux, "/report", `
	check("a chart an axis", all("#charts h2").map(e => e.textContent).join() === "Loss,Share,Learning rate,Psnr");
	check("tiles", all("#tiles dt").map(e => e.textContent).join() === "G l1,G adversarial,D real loss,mask,lr,s/iteration,iterations");
	check("numbers", all("#tiles dd").map(e => e.textContent).join().startsWith("0.500,-2.000,30.000,25%,2.00e-4,"));
	check("legends", text("axis0-legend") === "G l1 0.500G adversarial -2.000D real 30.000" && text("axis1-legend") === "mask 25%");
	check("curves", all("#axis0 path.mean").length === 3 && all("#axis2 path.mean").every(p => !/NaN/.test(p.getAttribute("d"))));
	check("labels of small numbers", all("#axis2 text").some(e => e.textContent === "0.0002"));
	check("no guide", all("line.guess").length === 0);
	check("the score", text("score-legend") === "19 in epoch 2; the greatest was 21.5 in epoch 1" && all("#score circle").length === 2);
	check("the table", all("#heads th").map(e => e.textContent).join() === "epoch,G l1,G adversarial,D real loss,mask,lr,psnr" && all("#rows tr").length === 2);
	check("no settings", all("#settings tr").length === 0);`, nil)
}
