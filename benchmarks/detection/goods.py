"""What is bought: things by trade, in Japanese and English."""

# ruff: noqa: E501 - tables are read as words.

from __future__ import annotations

_JA = {
    "food": "有機にんじん 500g|北海道産じゃがいも 2kg|サンふじりんご 3個|国産豚こま切れ 300g|絹ごし豆腐 3連|低脂肪牛乳 1L|十割そば 200g×3|無添加味噌 750g|冷凍うどん5食|たまご10個入|減塩しょうゆ|こしひかり 5kg|ブルーベリージャム|鶏もも肉(徳用)|しらす干し|ギリシャヨーグルト|九条ねぎ|食パン6枚切|ほうれん草|明太子 切れ子 200g|クラフトビール飲み比べ12本|ルイボスティー 50包|離乳食 5か月からのおかゆ|グルテンフリーパスタ|糖質オフ焼きそば|いちご(あまおう) 1パック|本格キムチ 400g|カフェインレスコーヒー豆 200g",
    "clothes": "リネンシャツ 白 M|ストレッチデニム 紺 32|メリノウールセーター|防水スニーカー 25.5cm|授乳用ブラ L|大きいサイズのスーツ 3L|レインコート キッズ110|ヒートインナー 2枚組|革ベルト 茶|日傘 UVカット|マタニティワンピース|礼服 ブラックフォーマル 13号|綿100%パジャマ|麦わら帽子|ランニングタイツ|靴下5足セット|浴衣 藍 帯付き|ダウンベスト カーキ|リュック 20L|ベビー肌着 70cm",
    "books": "『海辺の植物図鑑』|『はじめての離婚調停』|『星と潮の辞典 改訂版』|『うつと歩く』|『やさしい統計学 第3版』|『夜行列車は北へ』|『転職の思考術』|『発達障害の子の支援』|『京都・喫茶の百年』|『糖尿病の献立365日』|『相続税のすべて 2026』|『猫のいる庭(下)』|『微分積分 演習』|『赤い川の殺人』|月刊 模型と鉄路 12月号|『保護犬と暮らす』|『スペイン語入門』|『家庭菜園の教科書』|『がんと言われたら』|『マンションは管理で買え』",
    "home": "遮光カーテン 100×178 2枚|珪藻土バスマット|LED電球 60形 4個|ホーロー鍋 20cm|低反発まくら|突っ張り棚 伸縮式|猫砂 鉱物系 10L×3|介護用おむつ Mサイズ 26枚|空気清浄機フィルター|食洗機用洗剤 大容量|折りたたみ脚立 3段|羊毛ふとん シングル|ペット用ヒーター|防災セット 2人用|南京錠 ダイヤル式|アロマディフューザー|ステンレス物干し|ダブルベッド用シーツ|仏壇用ろうそく|トイレットペーパー 12R",
    "electronics": "ワイヤレスイヤホン ANC-3|外付けSSD 1TB|電動歯ブラシ 替ブラシ4本|USB-C充電器 65W|補聴器用空気電池 PR41|血圧計 上腕式|ドライブレコーダー 前後|27インチモニター|ロボット掃除機 R7|炊飯器 5.5合|電気ケトル 0.8L|防犯カメラ 屋外用|ポータブル電源 500Wh|体組成計|スマートウォッチ 黒|プリンターインク 6色|電子ピアノ 88鍵|カーナビ 7型|見守りセンサー|ヘアアイロン",
    "drug": "花粉症用点眼薬|葉酸サプリ 60日分|ニコチンガム 20個|妊娠検査薬 2回用|胃腸薬 顆粒 28包|湿布 温感 14枚|コンタクト洗浄液 500ml|増毛スプレー|鉄分グミ|水虫薬クリーム|冷却シート 16枚|プロテイン ココア 1kg|入れ歯洗浄剤 108錠|日焼け止め SPF50+|漢方 葛根湯|禁煙パッチ|青汁 30包|白髪染め 4N|ひざサポーター L|のど飴 カリン",
    "hobby": "水彩画 初級 4回コース|油絵具 12色|レンズ 50mm F1.8|ロードバイク用タイヤ 25C|テント 2人用|将棋盤 二寸|釣竿 磯2号|毛糸 並太 10玉|ジグソー 1000ピース|ウクレレ ソプラノ|ヨガマット 6mm|鉄道模型 キハ40|トレーディングカード 1BOX|多肉植物の寄せ植え|御朱印帳|競馬の見方講座|天体望遠鏡 80mm|陶芸体験(2名)|テニスガット張替|ドローン入門機",
    "event": "S席 1階 12列 8番|指定席 アリーナB5 41番|一般(前売)2枚|3歳以上有料 親子券|夜の部 桟敷席|アクリルスタンド|記念プログラム|3日通し券|学生券|車椅子席(介助1名)",
    "service": "遠近両用レンズ|エアコン分解洗浄 2台|白のワゴン 7人乗り|人間ドック 胃カメラ付|女性がん検診|カット+カラー|60分もみほぐし|タイヤ4本履き替え|お宮参り撮影プラン|家事代行 3時間|シニア料理教室|歯のホワイトニング|犬のシャンプー(トイプードル)|浴室クリーニング|個別指導 数学 週2|ピアノ調律|遺品整理 1LDK|ネイル オフあり|産後ケア 1泊|英会話 ビジネス 10回",
}
_EN = {
    "food": "oat milk 1L|sourdough loaf|free-range eggs x12|gluten-free pasta 500g|Lancashire cheese 200g|smoked salmon|decaf coffee beans|organic carrots 1kg|halal chicken thighs|frozen peas|peanut butter, crunchy|baby porridge stage 1|kimchi 300g|low-sodium soy sauce|almond milk 1L|turkey crown|sparkling water 8 pack|cheddar 400g",
    "clothes": "linen shirt, white, M|Men's chinos 34R navy|merino jumper|waterproof boots UK 9|nursing bra 36D|plus-size blazer 2XL|kids raincoat 5-6y|wool socks (5 pairs)|maternity leggings|running shorts|leather belt, brown|Women's parka, olive, 14|school blazer, age 11|silk scarf|flannel pyjamas",
    "books": "The Salt Atlas (paperback)|Living with Bipolar|A Field Guide to Ferns|Divorce for Grown-Ups|Night Train North|Statistics Made Plain, 3rd ed.|The Orchard Murders|Diabetes: The 30-Day Plan|Beginner's Welsh|Retire at 50|Notes from the Allotment|Quantum for Cats",
    "home": "blackout curtains 66x72|cast-iron skillet 10 in|memory foam pillow|LED bulbs E27 (4)|incontinence pads, 24|cat litter 30 lb|king-size sheet set|step ladder|shower grab rail|smoke alarm twin pack|dog bed, large|wall shelf, oak|HEPA filter H13|garden hose 30 m",
    "electronics": "noise-cancelling earbuds|1TB external SSD|65W USB-C charger|blood pressure monitor|27-inch monitor|hearing aid batteries 312|robot vacuum R7|dash cam|smart scale|e-reader 8GB|security camera, outdoor|rice cooker|printer ink, black XL",
    "drug": "nicotine gum 4mg|prenatal vitamins|hay fever tablets|antifungal cream|pregnancy test (2)|whey protein 1 kg|knee brace L|contact lens solution|hair regrowth foam|iron gummies|cold sore gel|sleep aid 20 ct",
    "hobby": "watercolour set, 24 pans|50mm f/1.8 lens|two-person tent|chunky yarn x10|acoustic guitar strings|chess clock|fly rod 9ft|yoga mat 6mm|telescope 80mm|model locomotive OO|pottery class for two|board game: Harbor Lights|bike tyre 700x28",
    "event": "Row F seats 12-13|General Admission x2|Stalls H22|Weekend camping ticket|Balcony, restricted view|Under-16 ticket|VIP meet & greet|Matinee, circle C4",
    "service": "varifocal lenses|deep clean, 2 bed flat|estate car, automatic|cut and colour|MRI follow-up|dog grooming (Cockapoo)|boiler service|driving lesson, 2 hrs|teeth whitening|piano tuning|SUV with child seat|family portrait session|physio, 45 min",
}
TRADES = tuple(_JA)


def goods(language: str, trade: str = "") -> list[str]:
    """Names of things of a trade, or of all trades."""
    table = _JA if language == "ja" else _EN
    return [name for kind, line in table.items() if trade in ("", kind) for name in line.split("|")]
