"""The complaint that is sent, over HTTP and by pgbench alike."""

KEY = "pwa_bench_000000000000000000000000000000000000"
CHANNEL = "line"
TEXT = "น้ำประปาไม่ไหลตั้งแต่เมื่อคืน ทั้งซอยไม่มีน้ำใช้เลย ช่วยตรวจสอบให้ด้วย รายที่ "
NAME = "สมชาย ทดสอบ"
PHONE = "+66800000001"
CONSENT = "privacy-notice-1"
PLACE = "ซอยเทศบาล 5 ต.บางปลาสร้อย อ.เมือง จ.ชลบุรี"
BRANCH = "1102"
SUBJECT = "Q01"


def body(number: int, received_at: str, office: str) -> dict[str, object]:
    """As a channel's adapter sends it: subject and branch are hints."""
    return {
        "channel": CHANNEL,
        "received_at": received_at,
        "text": f"{TEXT}{number}",
        "receiving_office": office,
        "contact": {"name": NAME, "phone": PHONE, "consent": CONSENT},
        "place": PLACE,
        "branch": BRANCH,
        "subject": SUBJECT,
    }
