"""What the shop sells, and how it comes into Oscar's tables."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from django.db import transaction

from .models import Article
from .shelf import CATEGORIES


class Row(NamedTuple):
    slug: str
    category: str
    name: str
    unit: str
    origin: str
    price: int
    rate: int
    season: bool
    text: str


ROWS = (
    Row("tomato", "produce", "完熟トマト", "1袋(3個)", "千葉県産", 298, 8, True,
        "畑で赤くなるまで待って摘みました。皮が薄く、切るとすぐに香りがします。"),
    Row("cabbage", "produce", "やわらかキャベツ", "1玉(約1kg)", "神奈川県産", 238, 8, False,
        "葉がふんわり巻いた、生で甘いキャベツです。千切りにも、ロールキャベツにも。"),
    Row("carrot", "produce", "土つきにんじん", "1袋(3本)", "北海道産", 198, 8, False,
        "土をつけたままお届けするので、乾きにくく長もちします。"),
    Row("onion", "produce", "玉ねぎ", "1袋(4個)", "北海道産", 258, 8, False,
        "炒めると甘い、中くらいの大きさをそろえました。涼しい所で約1か月もちます。"),
    Row("apple", "produce", "サンふじりんご", "1袋(4個)", "青森県産", 548, 8, True,
        "袋をかけずに日に当てて育てたりんごです。かたくて、みつが入りやすい品種です。"),
    Row("banana", "produce", "高原バナナ", "1房(4〜5本)", "フィリピン産", 228, 8, False,
        "昼と夜の気温差が大きい畑で、ゆっくり育ちました。"),
    Row("chicken", "meat-fish", "若どり もも肉", "約300g", "国産", 458, 8, False,
        "唐揚げにちょうどよい厚みです。チルドでお届けします。"),
    Row("pork", "meat-fish", "豚こま切れ", "250g", "国産", 398, 8, False,
        "炒めもの、豚汁、しょうが焼きに。使いやすい小さめのパックです。"),
    Row("salmon", "meat-fish", "銀鮭の切り身(甘塩)", "2切れ", "宮城県産", 498, 8, True,
        "ふっくら焼ける厚さに切りました。骨は少し残っています。"),
    Row("mackerel", "meat-fish", "あじの開き", "2枚", "静岡県沼津加工", 428, 8, False,
        "朝に開いて、うす塩で干しました。グリルで7分が目安です。"),
    Row("eggs", "eggs-dairy", "ひらがいの卵", "10個", "茨城県産", 328, 8, False,
        "平飼いの鶏の卵です。黄身が盛りあがり、卵かけごはんに向きます。"),
    Row("milk", "eggs-dairy", "低温殺菌牛乳", "1000ml", "千葉県産", 268, 8, False,
        "65度で30分、ゆっくり殺菌しました。飲みくちが軽い牛乳です。"),
    Row("yogurt", "eggs-dairy", "プレーンヨーグルト", "400g", "北海道産", 188, 8, False,
        "生乳だけで作りました。砂糖は入っていません。"),
    Row("cheese", "eggs-dairy", "カマンベールチーズ", "100g", "北海道産", 398, 8, False,
        "中はとろり。食べる30分前に冷蔵庫から出してください。"),
    Row("bread", "bread-rice", "湯だね食パン", "6枚切り", "船橋工場", 248, 8, False,
        "もっちりした食パンです。焼いた翌朝にお届けします。卵と乳を使っています。"),
    Row("croissant", "bread-rice", "バタークロワッサン", "3個", "船橋工場", 378, 8, False,
        "トースターで2分あたためると、焼きたてに戻ります。"),
    Row("rice", "bread-rice", "つや姫(精米)", "5kg", "山形県産", 2980, 8, True,
        "粒が立って、冷めてもおいしいお米です。精米したてを詰めます。"),
    Row("onigiri", "bread-rice", "おにぎり 鮭と梅", "2個", "当日製造", 320, 8, False,
        "あさ炊いたごはんで握ります。消費期限はお届けの日です。"),
    Row("tea", "drinks", "宇治の緑茶", "2L", "京都府産茶葉", 178, 8, False,
        "にがみをおさえた、食事に合うお茶です。"),
    Row("juice", "drinks", "みかんジュース", "1000ml", "愛媛県産", 398, 8, True,
        "温州みかんをしぼっただけ。よくふってからどうぞ。"),
    Row("sparkling", "drinks", "天然水の炭酸水", "500ml×6本", "山梨県採水", 594, 8, False,
        "強めの炭酸です。そのままでも、果汁を割っても。"),
    Row("coffee", "drinks", "深いりコーヒー(粉)", "200g", "ブラジル・コロンビア", 698, 8, False,
        "苦みとこくの深いりです。ペーパードリップに合う中びきで。"),
    Row("soap", "household", "台所用洗剤 オレンジ", "500ml", "", 328, 10, False,
        "植物から作った、手にやさしい洗剤です。すすぎが早く終わります。"),
    Row("toilet-paper", "household", "トイレットペーパー", "12ロール・ダブル", "", 698, 10, False,
        "再生紙100%。しんまでしっかり巻いた、長もちの60mです。"),
    Row("tissue", "household", "ティッシュペーパー", "5箱", "", 448, 10, False,
        "150組が5箱。箱の口はフィルムなしなので、そのまま古紙に出せます。"),
    Row("wrap", "household", "食品ラップ", "30cm×50m", "", 368, 10, False,
        "切れのよい紙の刃です。電子レンジでも使えます。"),
)  # fmt: skip
STOCK = 400


@transaction.atomic
def load() -> None:
    """Brings Oscar's tables to ROWS; stock that has been sold stays sold."""
    from oscar.apps.catalogue.models import Category, Product, ProductClass
    from oscar.apps.partner.models import Partner, StockRecord

    kind, _ = ProductClass.objects.get_or_create(slug="goods", defaults={"name": "商品"})
    partner, _ = Partner.objects.get_or_create(code="aozora", defaults={"name": "株式会社あおぞらマルシェ"})
    shelves = {each.slug: each for each in Category.objects.all()}
    for slug, (name, _) in CATEGORIES.items():
        if slug not in shelves:
            shelves[slug] = Category.add_root(name=name, slug=slug)
    for place, row in enumerate(ROWS):
        product, _ = Product.objects.update_or_create(
            upc=row.slug,
            defaults={
                "title": row.name,
                "slug": row.slug,
                "description": row.text,
                "product_class": kind,
                "structure": Product.STANDALONE,
            },
        )
        product.categories.set([shelves[row.category]])
        stock, made = StockRecord.objects.get_or_create(
            partner=partner,
            partner_sku=row.slug,
            defaults={"product": product, "price": Decimal(row.price), "num_in_stock": STOCK},
        )
        if not made and stock.price != row.price:
            StockRecord.objects.filter(pk=stock.pk).update(price=Decimal(row.price))
        Article.objects.update_or_create(
            product=product,
            defaults={
                "slug": row.slug,
                "category": row.category,
                "unit": row.unit,
                "origin": row.origin,
                "rate": row.rate,
                "in_season": row.season,
                "place": place,
            },
        )
