"""Suggests a subject from the Thai text by keyword rules, says how sure it is, and abstains when it is not."""

import unicodedata
from dataclasses import dataclass

RULES_VERSION = "keywords-1"
ABSTAIN_BELOW = 0.5

# Each phrase speaks for one subject with a weight; longer phrases say more than single words.
_PHRASES: dict[str, dict[str, float]] = {
    "Q01": {"น้ำไม่ไหล": 3, "น้ำประปาไม่ไหล": 3, "ไม่มีน้ำใช้": 3, "น้ำหยุดไหล": 3, "น้ำดับ": 2, "ไม่มีน้ำ": 1.5},
    "Q02": {"น้ำไหลอ่อน": 3, "น้ำอ่อน": 2.5, "ไหลเบา": 2.5, "แรงดันน้ำ": 2, "ไหล ๆ หยุด ๆ": 3, "น้ำไหลเป็นเวลา": 3},
    "L01": {"ท่อแตก": 2, "ท่อรั่ว": 2, "ท่อประปาแตก": 2.5, "น้ำรั่วหน้าบ้าน": 2, "ท่อประปารั่ว": 2.5},
    "L02": {"ท่อเมนรอง": 4, "ท่อขนาด 3 นิ้ว": 3, "ท่อขนาด 4 นิ้ว": 3},
    "L03": {"ท่อเมนแตก": 4, "ท่อเมนใหญ่": 4, "ท่อขนาดใหญ่แตก": 3.5, "น้ำพุ่งสูง": 2},
    "W01": {"น้ำมีสี": 3, "น้ำสีเหลือง": 3, "น้ำสีแดง": 3, "น้ำสีน้ำตาล": 3, "น้ำดำ": 2, "น้ำเป็นสนิม": 2.5},
    "W02": {"น้ำขุ่น": 3, "ตะกอน": 2.5, "น้ำไม่สะอาด": 1.5},
    "W03": {"น้ำมีกลิ่น": 3, "น้ำเหม็น": 3, "น้ำประปาเหม็น": 3},
    "W04": {"ปนเปื้อน": 3, "ท้องเสีย": 2.5, "สารเคมีในน้ำ": 3, "หนอนในน้ำ": 3},
    "S01": {"อ่านมาตรผิด": 3, "จดเลขมาตรผิด": 3, "จดมิเตอร์ผิด": 3, "อ่านมิเตอร์ผิด": 3, "จดเลขผิด": 2},
    "S02": {"ไม่ได้รับใบแจ้ง": 3, "ไม่ได้รับบิล": 3, "บาร์โค้ด": 2.5, "ไม่ได้ใบแจ้งค่าน้ำ": 3},
    "S03": {"ล่าช้า": 2, "รอนานมาก": 2, "ขอติดตั้งนานแล้ว": 2.5},
    "S04": {"คืนสภาพ": 3, "ไม่กลบหลุม": 3, "ซ่อมถนนไม่เรียบร้อย": 3, "ขุดวางท่อแล้วไม่": 3, "ผิวจราจร": 2},
    "S05": {"ฝาบ่อประปา": 2, "เสียงดังจากการก่อสร้างประปา": 3, "ขุดวางท่อ": 1.5},
    "S06": {"โทรไม่ติด": 3, "ติดต่อไม่ได้": 2.5, "ไม่มีคนรับสาย": 3},
    "S07": {"ค่าน้ำแพง": 3, "ค่าน้ำสูง": 3, "ค่าน้ำผิดปกติ": 3, "ค่าน้ำขึ้น": 2.5},
    "P01": {"พูดจาไม่สุภาพ": 3, "พนักงานไม่สุภาพ": 3, "มารยาท": 2.5, "พูดไม่ดี": 2.5, "เจ้าหน้าที่ประปาตะคอก": 3},
    "P02": {"เรียกเงิน": 3, "เรียกรับ": 3, "ทุจริต": 2.5, "สินบน": 3, "เรียกรับผลประโยชน์": 4},
    "I01": {"หยุดจ่ายน้ำวันไหน": 3, "ประกาศหยุดจ่ายน้ำ": 2.5, "น้ำจะมาเมื่อไร": 2.5, "น้ำจะไหลเมื่อไร": 2.5},
    "I02": {"พบท่อแตก": 3.5, "พบท่อรั่ว": 3.5, "แจ้งท่อแตก": 3.5, "แจ้งท่อรั่ว": 3.5, "พบน้ำรั่ว": 3},
    "I03": {"พบท่อเมนรองแตก": 5.5},
    "I04": {"พบท่อเมนแตก": 6, "แจ้งท่อเมนแตก": 6},
    "I05": {"มาตรชำรุด": 3, "มิเตอร์เสีย": 3, "มาตรวัดน้ำเสีย": 3, "มาตรวัดน้ำหาย": 3, "มิเตอร์น้ำรั่ว": 3, "วาล์วเสีย": 2.5},
    "E01": {"สอบถาม": 1.5, "ขอข้อมูล": 2, "เปิดทำการ": 2.5, "ขอติดตั้งน้ำประปา": 2.5, "เวลาทำการ": 2.5},
    "E02": {"แอป": 2, "ชำระออนไลน์": 3, "จ่ายผ่านแอป": 3, "PWA Plus Life": 3, "ลงทะเบียนออนไลน์": 3},
    "E03": {"สอบถามค่าน้ำ": 4, "เช็คค่าน้ำ": 3, "ตรวจสอบยอดค่าน้ำ": 3, "หน่วยน้ำ": 2},
    "N01": {"เสนอแนะ": 3, "ขอเสนอ": 2, "อยากให้มี": 2, "ควรจะมี": 1.5},
    "C01": {"ขอชื่นชม": 3, "ขอบคุณ": 1.5, "ชมเชย": 3, "บริการดีมาก": 3, "ประทับใจ": 2.5},
}  # fmt: skip


@dataclass(frozen=True)
class Suggestion:
    """What the rules think: best first. `subject` is None when they abstain."""

    subject: str | None
    confidence: float
    candidates: tuple[tuple[str, float], ...]


def suggest(text: str) -> Suggestion:
    """Confidence is the best score's share of all scores, damped while there is little evidence."""
    plain = _squeezed(text)
    scores = {code: score for code, phrases in _SQUEEZED.items() if (score := _score(plain, phrases)) > 0}
    total = sum(scores.values())
    ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:3]
    candidates = tuple((code, round(score / (total + 1.0), 3)) for code, score in ranked)
    confidence = candidates[0][1] if candidates else 0.0
    return Suggestion(candidates[0][0] if confidence >= ABSTAIN_BELOW else None, confidence, candidates)


def _score(plain: str, phrases: dict[str, float]) -> float:
    return sum(weight for phrase, weight in phrases.items() if phrase in plain)


def _squeezed(text: str) -> str:
    """Without blanks, in one case and one spelling of each letter: people put blanks anywhere in Thai."""
    return "".join(unicodedata.normalize("NFC", text).split()).replace("ํา", "ำ").casefold()


_SQUEEZED = {
    code: {_squeezed(phrase): weight for phrase, weight in phrases.items()} for code, phrases in _PHRASES.items()
}
