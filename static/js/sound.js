// A short low tone: what was scanned is not known. Scanners are used without looking at the screen.

export function beep() {
  try {
    const audio = new AudioContext();
    const tone = audio.createOscillator();
    tone.frequency.value = 220;
    tone.connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + 0.12);
    tone.onended = () => audio.close();
  } catch {
    // No sound here; the words are on the screen.
  }
}
