// The pad: strokes by mouse, touch or pen, sent as points while they are drawn. Arrow keys draw too.
const canvas = element.querySelector("canvas");
const ink = canvas.getContext("2d");
const SIDE = 256, WIDTH = 18, EVERY_MS = 80, MAX_POINTS = 650; // 650 points of 2 bytes are 1.7 KB in base64
let strokes = [], inverted = false, current = null, sent = "", sentAt = -EVERY_MS, timer = null, cursor = [128, 128];
const before = []; // the drawing before each stroke, clearing and inverting

canvas.setAttribute("aria-label", props.label);
element.querySelector(".hint").textContent = props.label;

const encode = () => (inverted ? "~" : "") + strokes.map((points) => btoa(String.fromCharCode(...points.flat()))).join(".");
const decode = (drawing) => drawing.replace("~", "").split(".").filter(Boolean).map((stroke) => {
  const values = [...atob(stroke)].map((letter) => letter.charCodeAt(0));
  return values.flatMap((x, i) => (i % 2 ? [] : [[x, values[i + 1]]]));
});

const draw = () => {
  canvas.classList.toggle("inverted", inverted);
  ink.clearRect(0, 0, SIDE, SIDE);
  ink.lineWidth = WIDTH;
  ink.lineCap = ink.lineJoin = "round";
  ink.strokeStyle = ink.fillStyle = inverted ? "#fff" : "#000";
  for (const points of strokes) {
    ink.beginPath();
    ink.moveTo(...points[0]);
    points.forEach((point) => ink.lineTo(...point));
    if (points.length === 1) ink.lineTo(points[0][0] + 0.1, points[0][1]);
    ink.stroke();
  }
  if (!canvas.classList.contains("keyboard")) return;
  ink.fillStyle = "#c60"; // the keyboard's pen
  ink.fillRect(cursor[0] - 4, cursor[1] - 4, 8, 8);
};

const send = () => {
  timer = null;
  const drawing = encode();
  if (drawing === sent) return;
  sent = props.value = drawing;
  sentAt = performance.now();
  trigger("input");
};
// At once after a pause, and never more often than every EVERY_MS.
const sendSoon = () => { timer ??= setTimeout(send, Math.max(0, sentAt + EVERY_MS - performance.now())); };

// A long drawing keeps every second point, so that an event never grows beyond its limit.
const thin = () => {
  if (strokes.reduce((sum, points) => sum + points.length, 0) <= MAX_POINTS) return;
  strokes = strokes.map((points) => points.filter((_, i) => i % 2 === 0 || i === points.length - 1));
  if (current) current = strokes[strokes.length - 1];
};

const place = (event) => {
  const box = canvas.getBoundingClientRect();
  const inside = (value) => Math.max(0, Math.min(255, Math.round(value)));
  return [inside(((event.clientX - box.left) / box.width) * SIDE), inside(((event.clientY - box.top) / box.height) * SIDE)];
};
const add = (point) => {
  const last = current[current.length - 1];
  if (last && Math.hypot(point[0] - last[0], point[1] - last[1]) < 3) return;
  current.push(point);
  thin();
  draw();
  sendSoon();
};

// Not :focus-visible, which also holds when a pointer's press gives the focus.
let pointing = false;
const byKeyboard = (yes) => { pointing = !yes; canvas.classList.toggle("keyboard", yes); };

// One pen at a time: a second finger or a resting palm does not draw, nor does another mouse button.
canvas.addEventListener("pointerdown", (event) => {
  if (!event.isPrimary || event.button !== 0) return;
  event.preventDefault();
  byKeyboard(false);
  canvas.setPointerCapture(event.pointerId);
  canvas.focus({ preventScroll: true });
  before.push(encode());
  strokes.push((current = []));
  add(place(event));
});
canvas.addEventListener("pointermove", (event) => {
  if (current && event.buttons && event.isPrimary) (event.getCoalescedEvents?.() ?? [event]).forEach((one) => add(place(one)));
});
for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (event) => {
  if (!event.isPrimary) return;
  current = null;
  clearTimeout(timer); // undo and invert work on what was sent
  send();
});

const show = (drawing) => { inverted = drawing.startsWith("~"); strokes = decode(drawing); current = null; draw(); sendSoon(); };
const change = (drawing) => {
  if (drawing === encode()) return;
  before.push(encode());
  show(drawing);
};
const undo = canvas.undo = () => { if (before.length) show(before.pop()); };

// Keyboard: arrows move by one cell of 28, space lowers and lifts the pen.
const ARROWS = { ArrowLeft: [-9, 0], ArrowRight: [9, 0], ArrowUp: [0, -9], ArrowDown: [0, 9] };
canvas.addEventListener("keydown", (event) => {
  if (event.key === " " || event.key in ARROWS) byKeyboard(true);
  if (event.repeat && event.key === " ") {
    // held down: the pen stays as it is
  } else if (event.key === " ") {
    current = current ? null : [];
    if (current) { before.push(encode()); strokes.push(current); add([...cursor]); }
  } else if (event.key in ARROWS) {
    cursor = cursor.map((value, axis) => Math.max(0, Math.min(255, value + ARROWS[event.key][axis])));
    if (current) add([...cursor]);
    draw();
  } else if (event.key === "Backspace" || (event.key === "z" && (event.ctrlKey || event.metaKey))) undo();
  else if (event.key === "Escape") change(inverted ? "~" : "");
  else return;
  event.preventDefault();
});
canvas.addEventListener("focus", () => { byKeyboard(!pointing); draw(); });
canvas.addEventListener("blur", () => { current = null; pointing = false; canvas.classList.remove("keyboard"); draw(); });

watch("value", () => {
  const drawing = props.value || "";
  if (drawing !== sent) change(drawing);
});
