// Rows are drawn anew only when they have changed, and what is marked or focused is found again by the run's id.
import { element, isPlainClick } from "./dom.js"

const COLUMNS = ["Status", "Run", "Model", "Owner", "Started", "Training time", "Epochs", "Best validation", "Test accuracy", "Seed"]
const instances = new WeakMap()

const checkbox = (name, id, checked) => {
  const box = element("input", { type: "checkbox", "aria-label": name, "data-focus": `mark-${id}` })
  box.checked = checked
  return box
}

const state = (row) => {
  const badge = element("span", { class: `badge ${row.state_colour}`, title: row.since },
    element("span", { "aria-hidden": "true" }, `${row.state_sign} `), row.state)
  const since = element("span", { class: "small since" }, row.since_when)
  const review = row.review ? [element("span", { class: `badge review ${row.review_colour}` },
    element("span", { "aria-hidden": "true" }, `${row.review_sign} `), row.review)] : []
  if (row.progress === null) return [badge, since, ...review]
  const bar = element("span", {
    class: "bar", role: "progressbar", "aria-label": `Progress of ${row.name}`,
    "aria-valuenow": Math.round(100 * row.progress), "aria-valuemin": 0, "aria-valuemax": 100,
  }, element("span", { style: `width: ${100 * row.progress}%` }))
  return [badge, since, ...review, bar]
}

const name = (row) => [
  element("span", { class: "title" },
    element("span", { class: "sign", style: `color: ${row.colour}`, "aria-hidden": "true" }, row.sign),
    element("a", { href: `runs?run=${row.id}`, "data-run": row.id, "data-focus": `open-${row.id}` }, row.name),
    ...(row.pinned ? [element("span", { class: "tag pinned" }, "baseline")] : []),
    ...(row.archived ? [element("span", { class: "tag" }, "archived")] : []),
    ...row.tags.map((tag) => element("span", { class: "tag" }, tag))),
  element("span", { class: "small id" }, row.id),
  element("span", { class: "small summary" },
    [row.model, row.owner ?? "–", `${row.epochs} epochs`, row.duration, `seed ${row.seed}`].filter((fact) => fact !== "–").join(" · ")),
]

const small = (text) => (text ? [element("span", { class: "small" }, text)] : [])
const two = (first, second) => [first, ...small(second)]

const tableRow = (row, marked) => element("tr", { class: marked?.has(row.id) ? "marked" : "" },
  ...(marked ? [element("td", { class: "box" }, checkbox(`Select ${row.name} (${row.id})`, row.id, marked.has(row.id)))] : []),
  element("td", { class: "state" }, ...state(row)),
  element("th", { scope: "row" }, ...name(row)),
  element("td", { class: "wide" }, row.model),
  ...(row.owner === null ? [] : [element("td", { class: "wide" }, row.owner)]),
  element("td", { class: "wide", title: row.started_full }, row.started),
  element("td", { class: "wide number" }, row.duration),
  element("td", { class: "wide number" }, row.epochs),
  element("td", { class: "wide number" }, ...two(row.validation, row.validation_interval), ...small(row.validation_epoch)),
  element("td", { class: row.interval ? "number" : "number nothing" }, ...two(row.accuracy, row.interval)),
  element("td", { class: "wide number" }, row.seed))

const NUMBERS = new Set(["Training time", "Epochs", "Best validation", "Test accuracy", "Seed"])
const ALWAYS = new Set(["Status", "Run", "Test accuracy"])
const heading = (column) => element("th", {
  scope: "col",
  class: [NUMBERS.has(column) ? "number" : "", ALWAYS.has(column) ? "" : "wide"].join(" ").trim() || null,
}, column)

const table = ({ rows, label }, marked) => {
  const columns = COLUMNS.filter((column) => column !== "Owner" || rows.some((row) => row.owner !== null))
  const all = marked && checkbox("Select all on this page", "all", rows.length > 0 && rows.every((row) => marked.has(row.id)))
  return element("table", { "aria-label": label },
    element("thead", {}, element("tr", {},
      ...(marked ? [element("td", { class: "box" }, all)] : []), ...columns.map(heading))),
    element("tbody", {}, ...rows.map((row) => tableRow(row, marked))))
}

const draw = (host, instance) => {
  const root = host.getRootNode()
  const focused = root.activeElement?.dataset?.focus
  host.replaceChildren(table(instance.data, instance.marked))
  if (focused) host.querySelector(`[data-focus="${focused}"]`)?.focus({ preventScroll: true })
}

export default function (component) {
  const { parentElement, data, setTriggerValue, setStateValue } = component
  const host = parentElement.querySelector(".host")
  const before = instances.get(host)
  const told = JSON.stringify(data.marked)
  const marked = before && before.told === told ? before.marked : data.marked && new Set(data.marked)
  const instance = { data, marked, told, drawn: JSON.stringify([data, marked && [...marked]]) }
  instances.set(host, instance)
  if (!before || before.drawn !== instance.drawn) draw(host, instance)

  host.onclick = (event) => {
    const link = event.target.closest("a")
    if (!link || !isPlainClick(event)) return
    event.preventDefault()
    setTriggerValue("opened", link.dataset.run)
  }
  host.onchange = (event) => {
    const id = event.target.dataset.focus.slice("mark-".length)
    const ids = id === "all" ? data.rows.map((row) => row.id) : [id]
    ids.forEach((row) => (event.target.checked ? marked.add(row) : marked.delete(row)))
    draw(host, instance)
    instance.drawn = JSON.stringify([data, [...marked]])
    setStateValue("marked", [...marked])
  }
}
