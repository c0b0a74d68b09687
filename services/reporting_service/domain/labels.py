"""Thai words of the published documents."""

from collections.abc import Mapping
from types import MappingProxyType

SUMMARY: Mapping[str, str] = MappingProxyType(
    {
        "received": "รับเรื่องใหม่",
        "answered_at_once": "ตอบและปิดทันที",
        "cancelled": "ยกเลิก",
        "resolved": "แก้ไขแล้วเสร็จ",
        "resolved_within_sla": "แก้ไขแล้วเสร็จภายใน SLA",
        "resolved_not_repaired": "แจ้งเสร็จโดยไม่ได้ซ่อม",
        "reopened": "เปิดเรื่องใหม่อีกครั้ง",
        "open": "คงค้าง ณ สิ้นวัน",
        "open_awaiting_information": "คงค้าง รอข้อมูลจากผู้ร้อง",
        "open_within_sla": "คงค้าง ภายใน SLA",
        "open_over_sla": "คงค้าง เกิน SLA",
        "open_without_clock": "คงค้าง ยังไม่มีกำหนดเวลา",
        "open_restricted": "คงค้าง เรื่องปกปิด (นับรวม ไม่แสดงรายการ)",
    }
)
GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "ageing": "อายุเรื่องคงค้าง",
        "escalations_fired": "แจ้งผู้บังคับบัญชาในวันนี้ (ลำดับขั้น)",
        "escalations_standing": "เรื่องคงค้างตามลำดับขั้นที่แจ้งแล้ว",
        "satisfaction": "ความพึงพอใจ",
        "late_entries": "งานของวันก่อนหน้าที่บันทึกหลังออกสรุปของวันนั้น (นับครั้งเดียวในฉบับนี้)",
        "received_by_kind": "รับเรื่อง แยกตามประเภท",
        "received_by_channel": "รับเรื่อง แยกตามช่องทาง",
    }
)
ITEMS: Mapping[str, str] = MappingProxyType(
    {
        "under_1_day": "ไม่เกิน 1 วัน",
        "1_to_3_days": "1–3 วัน",
        "3_to_7_days": "3–7 วัน",
        "7_to_30_days": "7–30 วัน",
        "over_30_days": "เกิน 30 วัน",
        "1": "ผจก.กปภ.สาขา",
        "2": "ผอ.กปภ.เขต",
        "3": "รองผู้ว่าการภาค",
        "opened": "ต้องโทรสอบถาม (เปิดใหม่)",
        "asked": "โทรสอบถามสิ้นสุดแล้ว",
        "reached": "ติดต่อได้",
        "answered": "ตอบแบบสอบถาม",
        "no_phone": "ไม่มีหมายเลขโทรศัพท์",
        "satisfied": "พึงพอใจ",
        "waiting": "รอโทรสอบถาม",
        "escalations": "แจ้งผู้บังคับบัญชา",
        "complaint": "ข้อร้องเรียน",
        "incident_report": "แจ้งเหตุ",
        "information": "สอบถามข้อมูล",
        "suggestion": "ข้อเสนอแนะ",
        "compliment": "ชมเชย",
        "unclassified": "ยังไม่จำแนก",
    }
)
CASE_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "number": "เลขรับเรื่อง",
        "office": "หน่วยงาน",
        "kind": "ประเภท",
        "subject": "หัวข้อ",
        "severity": "ความรุนแรง",
        "channel": "ช่องทาง",
        "cycle": "รอบที่",
        "received_at": "รับเรื่องเมื่อ (UTC)",
        "due_at": "ครบกำหนด (UTC)",
        "resolved_at": "แล้วเสร็จ (UTC)",
        "over_sla": "เกิน SLA",
        "rung": "ขั้นที่แจ้ง",
        "told": "แจ้งลูกค้าแล้ว",
    }
)
FIGURES: Mapping[str, str] = MappingProxyType(
    {
        "headline": "ตัวเลขหลัก (ทั้งเรื่อง ทุกรอบ)",
        "first_cycle": "รอบแรก",
        "last_cycle": "รอบสุดท้าย",
        "compared": "ช่วงเปรียบเทียบ",
        "previous_quarter": "ไตรมาสก่อนหน้า",
        "year_before": "ช่วงเดียวกันของปีก่อน",
        "change": "เพิ่มหรือลดจากช่วงเปรียบเทียบ",
        "target": "ค่าเป้าหมาย",
        "value": "ค่าที่ได้",
        "low": "ขอบล่างของช่วงเชื่อมั่น 95 %",
        "high": "ขอบบนของช่วงเชื่อมั่น 95 %",
        "n": "จำนวนที่ใช้คำนวณ",
        "due": "ครบกำหนดในช่วง",
        "on_time": "แก้ไขทันกำหนด",
        "on_time_not_repaired": "ทันกำหนดแต่แจ้งเสร็จโดยไม่ได้ซ่อม",
        "resolved": "แก้ไขแล้วเสร็จในช่วง",
        "resolved_on_time": "แก้ไขแล้วเสร็จในช่วง และทันกำหนด",
        "convenience": "ความสะดวกของช่องทาง",
        "variety": "ความหลากหลายของช่องทาง",
        "asked": "โทรสอบถาม",
        "reached": "ติดต่อได้",
        "answered": "ตอบแบบสอบถาม",
        "no_phone": "ไม่มีหมายเลขโทรศัพท์",
        "satisfied": "พึงพอใจ (4–5)",
        "complaints": "ข้อร้องเรียนที่รับ",
        "per_1000_customers": "ต่อผู้ใช้น้ำ 1,000 ราย",
    }
)
COMPARED: Mapping[str, str] = MappingProxyType({name: FIGURES[name] for name in ("previous_quarter", "year_before")})
INDICATORS: Mapping[str, str] = MappingProxyType(
    {
        "O1": "จำนวนข้อร้องเรียนที่ได้รับการแก้ไขตาม SLA",
        "O2": "ระดับความพึงพอใจของลูกค้าด้านความสะดวกและความหลากหลายต่อช่องทางการร้องเรียน",
        "O3": "ระดับความพึงพอใจของลูกค้าต่อความรวดเร็วของการแก้ปัญหาข้อร้องเรียน",
        "P1": "ร้อยละของลูกค้าที่พึงพอใจ ภายหลังจากได้รับการแก้ปัญหาข้อร้องเรียนจากมิสเตอร์ประปา",
        "P2": "ร้อยละของลูกค้าที่พึงพอใจการตอบสนองข้อร้องเรียนของเจ้าหน้าที่ PWA Contact Center 1662",
    }
)
