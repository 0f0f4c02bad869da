// A map of points on a canvas: drag for an area, click for an image, or Tab, arrow keys and Enter for a square of it.
import { element } from "./dom.js"
import { CELLS, Field } from "./embedding_field.js"
import { savePicture } from "./picture.js"

const CLICK_PX = 4
const MOST_CORNERS = 40
const TOOLS = { box: "Box select", lasso: "Lasso select", open: "Open an image" }
const MOVES = { ArrowUp: -CELLS, ArrowDown: CELLS, ArrowLeft: -1, ArrowRight: 1 }
const HINT = "Drag over the map to select an area; click a point to open its image."

function build() {
  const tools = element("div", { class: "tools", role: "group", "aria-label": "Map tools" },
    ...Object.entries(TOOLS).map(([tool, name]) => element("button", { type: "button", "data-tool": tool }, name)),
    element("button", { type: "button", class: "whole" }, "Whole map"),
    element("button", { type: "button", class: "picture", "aria-label": "Save image of the map" }, "Save image"))
  const cells = element("div", { class: "cells", role: "group", "aria-label": "Map grid" },
    ...Array.from({ length: CELLS * CELLS }, (_, k) => element("button", { type: "button", tabindex: k ? -1 : 0, "data-cell": k })))
  return [element("p", { class: "caption" }), tools,
    element("div", { class: "field" }, element("canvas", { class: "points", "aria-hidden": "true" }),
      element("canvas", { class: "marks", "aria-hidden": "true" }), cells),
    element("p", { class: "words", "aria-live": "polite" }), element("ul", { class: "legend", "aria-label": "Legend" })]
}

const thin = (corners) => {
  const every = Math.ceil(corners.length / MOST_CORNERS)
  return corners.filter((_, k) => k % every === 0)
}

const box = ([x0, y0], [x1, y1]) => [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]

const thousandths = (corners) =>
  corners.map((corner) => corner.map((value) => Math.round(1000 * Math.min(1, Math.max(0, value)))))

const legendEntry = ({ sign, name, count, colour }) => {
  const drawn = element("span", { "aria-hidden": "true" }, `${sign} `)
  drawn.style.color = colour
  return element("li", {}, drawn, `${name} ${count.toLocaleString("en")}`)
}

function useTool(host, tool) {
  host.dataset.tool = tool
  host.querySelectorAll("[data-tool]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.tool === tool)))
}

function answerTools(host, field, setTriggerValue) {
  const whole = host.querySelector(".whole")
  whole.disabled = !field.area
  whole.onclick = () => setTriggerValue("area", [])
  host.querySelector(".tools").onclick = (event) => event.target.dataset.tool && useTool(host, event.target.dataset.tool)
  host.querySelector(".picture").onclick = () => savePicture(field.picture(host), field.data.picture)
}

function answerPointer(host, field, setTriggerValue) {
  const { marks } = field
  const words = host.querySelector(".words")
  let trail = null
  const at = (event) => [event.offsetX, event.offsetY]
  const point = (near) => {
    words.textContent = near === null ? HINT : field.words(near)
    field.mark(field.area, near)
  }
  marks.onpointerdown = (event) => {
    trail = [at(event)]
    marks.setPointerCapture(event.pointerId)
  }
  marks.onpointermove = (event) => {
    if (!trail || host.dataset.tool === "open") {
      point(field.nearest(at(event)))
      return
    }
    trail.push(at(event))
    const places = trail.map((pixels) => field.toPlace(pixels))
    field.mark(host.dataset.tool === "box" ? box(places[0], places.at(-1)) : places)
  }
  marks.onpointerup = (event) => {
    const path = trail ?? []
    trail = null
    if (!path.length) return
    const [first, last] = [path[0], at(event)]
    const moved = path.some(([x, y]) => Math.hypot(x - first[0], y - first[1]) > CLICK_PX)
    if (!moved || host.dataset.tool === "open") {
      const near = field.nearest(last)
      if (near !== null) setTriggerValue("opened", near)
      return
    }
    const places = [...path, last].map((pixels) => field.toPlace(pixels))
    setTriggerValue("area", thousandths(host.dataset.tool === "box" ? [places[0], places.at(-1)] : thin(places)))
  }
  marks.onpointercancel = () => { trail = null }
  marks.onpointerleave = () => trail || point(null)
}

function answerKeyboard(host, field, setTriggerValue) {
  const cells = host.querySelector(".cells")
  const buttons = [...cells.children]
  buttons.forEach((button, k) => button.setAttribute("aria-label", field.cellWords(k)))
  cells.onfocusin = (event) => { host.querySelector(".words").textContent = event.target.getAttribute("aria-label") }
  cells.onkeydown = (event) => {
    const here = Number(event.target.dataset.cell)
    const there = here + (MOVES[event.key] ?? 0)
    const sideways = event.key === "ArrowLeft" || event.key === "ArrowRight"
    const sameRow = Math.floor(here / CELLS) === Math.floor(there / CELLS)
    if (!(event.key in MOVES)) return
    event.preventDefault()
    if (!buttons[there] || (sideways && !sameRow)) return
    buttons[here].tabIndex = -1
    buttons[there].tabIndex = 0
    buttons[there].focus()
  }
  cells.onclick = (event) => {
    const [start, , end] = field.cell(Number(event.target.dataset.cell))
    setTriggerValue("area", thousandths([start, end]))
  }
}

export default function ({ parentElement, data, setTriggerValue }) {
  const host = parentElement.querySelector(".host")
  if (!host.firstChild) {
    host.append(...build())
    useTool(host, window.matchMedia("(pointer: coarse)").matches ? "open" : "box")
  }
  host.querySelector(".caption").textContent = data.caption
  host.querySelector(".words").textContent = HINT
  host.querySelector(".legend").replaceChildren(...data.groups.map(legendEntry))

  const field = new Field(host, data)
  answerTools(host, field, setTriggerValue)
  answerPointer(host, field, setTriggerValue)
  answerKeyboard(host, field, setTriggerValue)

  const redraw = () => { field.fit(); field.draw() }
  redraw()
  host.watcher?.disconnect()
  host.watcher = new ResizeObserver(() => host.querySelector(".field").clientWidth !== field.width && redraw())
  host.watcher.observe(host)
}
