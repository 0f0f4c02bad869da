// Pictures to take along: a canvas with a caption above what is drawn on it, saved as a PNG.
const SHARPNESS = 2
export const PICTURE_MARGIN = 16
export const PICTURE_LINE = 20

// A word that is wider than the picture, a long name say, breaks anywhere.
function wrapped(context, text, width) {
  const fits = (line) => context.measureText(line).width <= width
  const pieces = (word) => (fits(word) ? [word] : [...word].reduce(
    (parts, letter) => (fits(parts.at(-1) + letter) ? [...parts.slice(0, -1), parts.at(-1) + letter] : [...parts, letter]), [""]))
  return text.split(" ").flatMap(pieces).reduce((lines, word) => {
    const longer = lines.length ? `${lines.at(-1)} ${word}` : word
    return fits(longer) ? [...lines.slice(0, -1), longer] : [...lines, word]
  }, [])
}

// The drawing area begins below the caption: the point (0, 0) is its upper left corner.
export function newPicture(host, caption, width, height) {
  const style = getComputedStyle(host)
  const canvas = document.createElement("canvas")
  const context = canvas.getContext("2d")
  const font = `14px ${style.fontFamily}`
  context.font = font
  const lines = wrapped(context, caption, width - 2 * PICTURE_MARGIN)
  const top = PICTURE_MARGIN + lines.length * PICTURE_LINE
  canvas.width = SHARPNESS * width
  canvas.height = SHARPNESS * (top + height)
  context.scale(SHARPNESS, SHARPNESS)
  context.fillStyle = style.getPropertyValue("--st-background-color").trim() || "white"
  context.fillRect(0, 0, width, top + height)
  context.fillStyle = style.color
  context.font = font
  context.textBaseline = "middle"
  lines.forEach((line, k) => context.fillText(line, PICTURE_MARGIN, PICTURE_MARGIN + (k + 0.5) * PICTURE_LINE))
  context.translate(0, top)
  return context
}

export function savePicture(context, name) {
  context.canvas.toBlob((blob) => {
    const link = document.createElement("a")
    link.href = URL.createObjectURL(blob)
    link.download = `${name}.png`
    link.click()
    // The browser has taken the file when the click is done.
    setTimeout(() => URL.revokeObjectURL(link.href))
  })
}
