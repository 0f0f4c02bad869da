// What a map of points looks like: the points on one canvas, and what is chosen on another above it.
import { newPicture, PICTURE_LINE, PICTURE_MARGIN } from "./picture.js"

export const CELLS = 8
const NEAR_PX = 14
const MARGIN = 10
const LEGEND_PX = 90

const numbers = (packed) => new Uint16Array(Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0)).buffer)

function unpack(data) {
  const places = numbers(data.places)
  return {
    x: Float32Array.from({ length: places.length / 2 }, (_, k) => places[2 * k] / 65535),
    y: Float32Array.from({ length: places.length / 2 }, (_, k) => places[2 * k + 1] / 65535),
    group: numbers(data.group), labels: numbers(data.labels), predicted: numbers(data.predicted),
    named: numbers(data.named),
  }
}

const polygon = (path, x, y, corners) => {
  corners.forEach(([dx, dy], k) => (k ? path.lineTo(x + dx, y + dy) : path.moveTo(x + dx, y + dy)))
  path.closePath()
}

const SHAPES = {
  circle: (path, x, y, r) => { path.moveTo(x + r, y); path.arc(x, y, r, 0, 7) },
  square: (path, x, y, r) => path.rect(x - r, y - r, 2 * r, 2 * r),
  bar: (path, x, y, r) => path.rect(x - 1.3 * r, y - 0.6 * r, 2.6 * r, 1.2 * r),
  triangle: (path, x, y, r) => polygon(path, x, y, [[0, -1.3 * r], [1.2 * r, r], [-1.2 * r, r]]),
  down: (path, x, y, r) => polygon(path, x, y, [[0, 1.3 * r], [1.2 * r, -r], [-1.2 * r, -r]]),
  diamond: (path, x, y, r) => polygon(path, x, y, [[0, -1.4 * r], [1.4 * r, 0], [0, 1.4 * r], [-1.4 * r, 0]]),
  cross: (path, x, y, r) => {
    path.moveTo(x - r, y - r); path.lineTo(x + r, y + r); path.moveTo(x + r, y - r); path.lineTo(x - r, y + r)
  },
  plus: (path, x, y, r) => {
    path.moveTo(x - 1.3 * r, y); path.lineTo(x + 1.3 * r, y); path.moveTo(x, y - 1.3 * r); path.lineTo(x, y + 1.3 * r)
  },
  ring: (path, x, y, r) => { path.moveTo(x + r, y); path.arc(x, y, r, 0, 7) },
  frame: (path, x, y, r) => path.rect(x - r, y - r, 2 * r, 2 * r),
}
const OUTLINED = new Set(["cross", "plus", "ring", "frame"])

function contains(corners, x, y) {
  let inside = false
  corners.forEach(([x0, y0], k) => {
    const [x1, y1] = corners[(k + 1) % corners.length]
    if ((y0 > y) !== (y1 > y) && x < x0 + ((y - y0) / (y1 - y0)) * (x1 - x0)) inside = !inside
  })
  return inside
}

const middle = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]

export class Field {
  // `area` has its corners in thousandths of the map's width; here all places are in shares of it.
  constructor(host, data) {
    this.data = data
    this.area = data.area?.map(([x, y]) => [x / 1000, y / 1000])
    this.points = unpack(data)
    this.span = this.points.x.reduce((a, b) => Math.max(a, b), 0.2)
    this.ratio = this.points.y.reduce((a, b) => Math.max(a, b), 0.2) / this.span
    this.canvas = host.querySelector("canvas.points")
    this.marks = host.querySelector("canvas.marks")
    const style = getComputedStyle(host)
    this.ink = style.getPropertyValue("--st-text-color").trim() || style.color
    this.paper = style.getPropertyValue("--st-background-color").trim() || "white"
  }

  fit() {
    const frame = this.canvas.parentElement
    this.width = frame.clientWidth
    this.scale = (this.width - 2 * MARGIN) / this.span
    this.height = Math.round((this.width - 2 * MARGIN) * this.ratio + 2 * MARGIN)
    frame.style.height = `${this.height}px`
    const sharp = window.devicePixelRatio || 1
    for (const canvas of [this.canvas, this.marks]) {
      canvas.width = this.width * sharp
      canvas.height = this.height * sharp
      canvas.getContext("2d").setTransform(sharp, 0, 0, sharp, 0, 0)
    }
  }

  toPixels([x, y]) { return [MARGIN + x * this.scale, MARGIN + y * this.scale] }

  toPlace([left, top]) { return [(left - MARGIN) / this.scale, (top - MARGIN) / this.scale] }

  draw() {
    const context = this.canvas.getContext("2d")
    context.clearRect(0, 0, this.width, this.height)
    const radius = Math.max(1.5, this.width / 280)
    const { area } = this
    const { x, y, group } = this.points
    const chosen = Uint8Array.from(group, (_, k) => (!area || contains(area, x[k], y[k]) ? 1 : 0))
    for (const bright of area ? [0, 1] : [1]) {
      context.globalAlpha = bright ? 0.85 : 0.13
      this.data.groups.forEach((drawn, number) => {
        const path = new Path2D()
        for (let k = 0; k < group.length; k++) {
          if (group[k] === number && chosen[k] === bright) SHAPES[drawn.shape](path, ...this.toPixels([x[k], y[k]]), radius)
        }
        context.fillStyle = context.strokeStyle = drawn.colour
        context.lineWidth = radius * 0.6
        OUTLINED.has(drawn.shape) ? context.stroke(path) : context.fill(path)
      })
    }
    context.globalAlpha = 1
    this.writeNames(context)
    this.mark(area)
  }

  writeNames(context) {
    context.font = `600 ${this.width < 480 ? 12 : 14}px ${getComputedStyle(this.canvas).fontFamily}`
    context.textAlign = "center"
    context.lineJoin = "round"
    this.data.short_names.forEach((name, number) => {
      const members = [...this.points.named.keys()].filter((k) => this.points.named[k] === number)
      if (!members.length) return
      const crowd = this.crowd(members)
      const [left, top] = this.toPixels([middle(crowd.map((k) => this.points.x[k])), middle(crowd.map((k) => this.points.y[k]))])
      const half = context.measureText(name).width / 2 + 4
      const inside = Math.min(Math.max(left, half), this.width - half)
      context.strokeStyle = this.paper
      context.lineWidth = 4
      context.strokeText(name, inside, top)
      context.fillStyle = this.ink
      context.fillText(name, inside, top)
    })
  }

  crowd(members) {
    // Those of the points in the fullest square: the middle of a group in two parts would lie in neither.
    const squares = new Map()
    for (const k of members) {
      const square = `${Math.floor((this.points.x[k] / this.span) * 6)} ${Math.floor((this.points.y[k] / this.span) * 6)}`
      squares.has(square) ? squares.get(square).push(k) : squares.set(square, [k])
    }
    return [...squares.values()].reduce((fullest, square) => (square.length > fullest.length ? square : fullest))
  }

  mark(corners, dot = null) {
    const context = this.marks.getContext("2d")
    context.clearRect(0, 0, this.width, this.height)
    context.strokeStyle = this.ink
    context.lineWidth = 2
    if (corners?.length > 1) {
      const path = new Path2D()
      corners.map((corner) => this.toPixels(corner)).forEach(([x, y], k) => (k ? path.lineTo(x, y) : path.moveTo(x, y)))
      path.closePath()
      context.setLineDash([6, 4])
      context.stroke(path)
      context.setLineDash([])
    }
    if (dot !== null) {
      context.beginPath()
      context.arc(...this.toPixels([this.points.x[dot], this.points.y[dot]]), 7, 0, 7)
      context.stroke()
    }
  }

  // The map with its area and its legend, on a canvas of its own.
  picture(host) {
    this.mark(this.area)
    const width = Math.max(this.width, 480)
    const context = newPicture(host, this.data.caption, width, this.height + LEGEND_PX)
    const left = (width - this.width) / 2
    for (const canvas of [this.canvas, this.marks]) context.drawImage(canvas, left, 0, this.width, this.height)
    let [x, y] = [PICTURE_MARGIN, this.height + PICTURE_LINE]
    for (const { sign, name, count, colour } of this.data.groups) {
      const words = `${name} ${count.toLocaleString("en")}`
      const needed = context.measureText(`${sign} ${words}`).width
      if (x + needed > width - PICTURE_MARGIN) [x, y] = [PICTURE_MARGIN, y + PICTURE_LINE]
      context.fillStyle = colour
      context.fillText(sign, x, y)
      context.fillStyle = this.ink
      context.fillText(words, x + context.measureText(`${sign} `).width, y)
      x += needed + PICTURE_MARGIN
    }
    return context
  }

  nearest([left, top]) {
    const [x, y] = this.toPlace([left, top])
    let best = null
    let least = (NEAR_PX / this.scale) ** 2
    for (let k = 0; k < this.points.x.length; k++) {
      const distance = (this.points.x[k] - x) ** 2 + (this.points.y[k] - y) ** 2
      if (distance < least) [best, least] = [k, distance]
    }
    return best
  }

  words(k) {
    const [label, answer] = [this.data.names[this.points.labels[k]], this.data.names[this.points.predicted[k]]]
    return `Test image ${k}: true ${label}, predicted ${answer}`
  }

  cell(number) {
    const [width, height] = [this.span / CELLS, (this.span * this.ratio) / CELLS]
    const [left, top] = [(number % CELLS) * width, Math.floor(number / CELLS) * height]
    return [[left, top], [left + width, top], [left + width, top + height], [left, top + height]]
  }

  cellWords(number) {
    const corners = this.cell(number)
    const counts = new Map()
    let all = 0
    this.points.labels.forEach((label, k) => {
      if (!contains(corners, this.points.x[k], this.points.y[k])) return
      counts.set(label, (counts.get(label) ?? 0) + 1)
      all += 1
    })
    const most = [...counts].sort((a, b) => b[1] - a[1])[0]
    const place = `Row ${Math.floor(number / CELLS) + 1}, column ${(number % CELLS) + 1} of the map`
    return all ? `${place}: ${all} ${all === 1 ? "image" : "images"}, mostly ${this.data.names[most[0]]}` : `${place}: no images`
  }
}
