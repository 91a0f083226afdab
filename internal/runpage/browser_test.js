"use strict";
// What the scripts of browser_test.go use.
const frame = document.querySelector("iframe");
const doc = () => frame.contentDocument, win = () => frame.contentWindow;
const get = id => doc().getElementById(id), text = id => get(id).textContent, all = selector => [...doc().querySelectorAll(selector)];
const step = () => fetch("/step", {method: "POST"});

function check(what, holds) {
	if (!holds) throw Error("not so: " + what);
}

async function until(what, holds) {
	for (let i = 0; i < 400; i++) {
		if (holds()) return;
		await new Promise(done => setTimeout(done, 50));
	}
	throw Error("never: " + what + "; the page says\n" + doc().body.innerText);
}

function move(id, value) {
	get(id).value = value;
	get(id).dispatchEvent(new Event("input"));
}

function press(id, key) {
	get(id).dispatchEvent(new KeyboardEvent("keydown", {key}));
}

async function use(path, script) {
	const errors = [];
	let result = "well";
	try {
		frame.src = path;
		await new Promise(done => frame.onload = done);
		win().addEventListener("error", e => errors.push(e.message));
		doc().addEventListener("securitypolicyviolation", e => errors.push("the policy forbids " + e.blockedURI));
		await script();
		if (errors.length) result = errors.join("\n");
	} catch (e) {
		result = [String(e), ...errors].join("\n");
	}
	await fetch("/result", {method: "POST", body: result});
}
