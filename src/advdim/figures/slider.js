// Moves what a slider of advdim.figures.slider shows. All it needs lies in the page: see slider.py for the data.
window.advdimSlider = function (anchor) {
  "use strict";
  const part = (name) => document.getElementById(`${anchor}-${name}`);
  const { columns, pictures, series, plane, curves, measures } = JSON.parse(part("data").textContent);
  const range = part("range"), play = part("play"), output = part("output");
  const choices = [...part("slider").querySelectorAll("select")];
  const ends = part("slider").querySelectorAll(".ends > span");
  const readings = output.querySelectorAll("b");
  const images = part("pictures").querySelectorAll("img");
  const config = { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: false };
  const dots = measures.map((_, i) => measures.length + i);
  let frames = null; // of the series on show
  let timer = 0; // of the animation; 0 while it rests

  const current = () => frames[range.value];

  // One pair of coordinates a trace of the plane: the groups, the boundary, the marks.
  function coordinates(frame) {
    const traces = [...frame.points, frame.boundary, ...(frame.marks ? [frame.marks] : [])];
    return { x: traces.map(([x]) => columns[x]), y: traces.map(([, y]) => columns[y]) };
  }

  function tell(frame) {
    frame.told.forEach((text, i) => { readings[i].textContent = text; });
    frame.pictures.forEach((picture, i) => { images[i].src = pictures[picture]; });
    range.setAttribute("aria-valuetext", frame.told[0]);
    part("slider").dataset.level = frame.level;
  }

  function move(frame) {
    Plotly.restyle(part("plane"), coordinates(frame));
    const marks = { x: measures.map(() => [frame.level]), y: frame.values.map((value) => [value]) };
    const line = { "shapes[0].x0": frame.level, "shapes[0].x1": frame.level };
    Plotly.update(part("curves"), marks, line, dots);
  }

  // Several steps between two pictures of the screen are drawn once.
  let waiting = false;
  function show() {
    tell(current());
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      move(current());
    });
  }

  // Shows the series of the options chosen, at the level that the slider has: the last choice runs fastest.
  function choose() {
    const place = choices.reduce((sum, choice) => sum * choice.options.length + choice.selectedIndex, 0);
    const level = frames && current().level;
    frames = series[place].frames;
    range.max = frames.length - 1;
    if (level !== null) {
      const distances = frames.map((frame) => Math.abs(frame.level - level));
      range.value = distances.indexOf(Math.min(...distances));
    }
    [frames[0], frames[frames.length - 1]].forEach((frame, i) => { ends[i].textContent = frame.told[0]; });
    const { x, y } = coordinates(current());
    plane.data.forEach((trace, i) => Object.assign(trace, { x: x[i], y: y[i] }));
    [plane.layout.xaxis.range, plane.layout.yaxis.range] = series[place].ranges.map((ends) => [...ends]);
    const levels = frames.map((frame) => frame.level);
    measures.forEach((_, i) => Object.assign(curves.data[i], { x: levels, y: frames.map(({ values }) => values[i]) }));
    Plotly.react(part("plane"), plane.data, plane.layout, config);
    Plotly.react(part("curves"), curves.data, curves.layout, config);
    show();
  }

  // The animation goes from the last frame to the first. Who asked for little motion gets a few slow steps.
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  function rest() {
    clearInterval(timer);
    timer = 0;
    play.textContent = "Play";
    output.setAttribute("aria-live", "polite");
  }
  function step() {
    range.value -= calm.matches ? Math.ceil(frames.length / 9) : 1;
    show();
    if (range.value === "0") rest();
  }
  function start() {
    if (range.value === "0") range.value = range.max;
    show();
    play.textContent = "Pause";
    output.setAttribute("aria-live", "off"); // a reader would be told every step
    timer = setInterval(step, calm.matches ? 1500 : Math.min(8000 / frames.length, 400));
  }

  choose(); // a browser that comes back to the page keeps the place of the slider
  choices.forEach((choice) => choice.addEventListener("change", choose));
  range.addEventListener("input", () => { rest(); show(); });
  play.addEventListener("click", () => (timer ? rest() : start()));
};
