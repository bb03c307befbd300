"""Names of people: Japanese ones with their reading, and English ones with those of people from elsewhere.

The lists are of names that exist; who bears which is drawn by chance.
"""

# ruff: noqa: SIM905, E501 - a table of names is read as words.

from __future__ import annotations

import random
import unicodedata
from typing import NamedTuple


class Read(NamedTuple):
    """A name and how it is read."""

    text: str
    kana: str


def _table(words: str) -> list[Read]:
    return [Read(*word.split("/")) for word in words.split()]


FAMILY_COMMON = _table(
    "佐藤/サトウ 鈴木/スズキ 高橋/タカハシ 田中/タナカ 伊藤/イトウ 渡辺/ワタナベ 山本/ヤマモト 中村/ナカムラ 小林/コバヤシ 加藤/カトウ 吉田/ヨシダ 山田/ヤマダ 佐々木/ササキ 山口/ヤマグチ 松本/マツモト 井上/イノウエ 木村/キムラ 林/ハヤシ 斎藤/サイトウ 清水/シミズ 山崎/ヤマザキ 森/モリ 池田/イケダ 橋本/ハシモト 阿部/アベ 石川/イシカワ 山下/ヤマシタ 中島/ナカジマ 石井/イシイ 小川/オガワ 前田/マエダ 岡田/オカダ 長谷川/ハセガワ 藤田/フジタ 後藤/ゴトウ 近藤/コンドウ 村上/ムラカミ 遠藤/エンドウ 青木/アオキ 坂本/サカモト 斉藤/サイトウ 福田/フクダ 太田/オオタ 西村/ニシムラ 藤井/フジイ 金子/カネコ 岡本/オカモト 藤原/フジワラ 三浦/ミウラ 中野/ナカノ 中川/ナカガワ 原田/ハラダ 松田/マツダ 竹内/タケウチ 小野/オノ 田村/タムラ 中山/ナカヤマ 和田/ワダ 石田/イシダ 森田/モリタ 上田/ウエダ 原/ハラ 内田/ウチダ 柴田/シバタ 酒井/サカイ 宮崎/ミヤザキ 横山/ヨコヤマ 高木/タカギ 安藤/アンドウ 宮本/ミヤモト 大野/オオノ 小島/コジマ 谷口/タニグチ 今井/イマイ 工藤/クドウ 高田/タカダ 増田/マスダ 丸山/マルヤマ 杉山/スギヤマ 村田/ムラタ 大塚/オオツカ 新井/アライ 小山/コヤマ 平野/ヒラノ 藤本/フジモト 河野/コウノ 上野/ウエノ 野口/ノグチ 武田/タケダ 松井/マツイ 千葉/チバ 岩崎/イワサキ 菅原/スガワラ 木下/キノシタ 久保/クボ 佐野/サノ 野村/ノムラ 松尾/マツオ 市川/イチカワ 菊地/キクチ 杉本/スギモト 古川/フルカワ 大西/オオニシ 島田/シマダ 水野/ミズノ 桜井/サクライ 高野/タカノ 渡部/ワタナベ 吉川/ヨシカワ 山内/ヤマウチ 西田/ニシダ 飯田/イイダ 菊池/キクチ 西川/ニシカワ 小松/コマツ 北村/キタムラ 安田/ヤスダ 五十嵐/イガラシ 川口/カワグチ 平田/ヒラタ 関/セキ 中田/ナカタ 久保田/クボタ 服部/ハットリ 東/ヒガシ 岩田/イワタ 土屋/ツチヤ 川崎/カワサキ 福島/フクシマ 本田/ホンダ 辻/ツジ 樋口/ヒグチ 秋山/アキヤマ 田口/タグチ 永井/ナガイ 山中/ヤマナカ 中西/ナカニシ 吉村/ヨシムラ 川上/カワカミ 大島/オオシマ 石原/イシハラ 松岡/マツオカ 浜田/ハマダ 馬場/ババ 森本/モリモト 矢野/ヤノ 浅野/アサノ 松下/マツシタ 星野/ホシノ 大久保/オオクボ 吉岡/ヨシオカ 小池/コイケ 野田/ノダ 荒木/アラキ 熊谷/クマガイ 松浦/マツウラ 大谷/オオタニ 内藤/ナイトウ 黒田/クロダ 尾崎/オザキ 川村/カワムラ 永田/ナガタ 望月/モチヅキ 松村/マツムラ 田辺/タナベ 荒井/アライ 菅野/カンノ 平井/ヒライ 堀/ホリ 大橋/オオハシ 西山/ニシヤマ 広瀬/ヒロセ 早川/ハヤカワ 上村/ウエムラ 横田/ヨコタ 本間/ホンマ 岡崎/オカザキ 小沢/オザワ 河合/カワイ 萩原/ハギワラ 片山/カタヤマ 関口/セキグチ 増井/マスイ 成田/ナリタ 古賀/コガ 大森/オオモリ 秋元/アキモト"
)
FAMILY_RARE = _table(
    "髙橋/タカハシ 髙木/タカギ 山﨑/ヤマサキ 宮﨑/ミヤザキ 濵田/ハマダ 渡邊/ワタナベ 渡邉/ワタナベ 齋藤/サイトウ 齊藤/サイトウ 廣瀬/ヒロセ 國分/コクブン 澤田/サワダ 栁沢/ヤナギサワ 勅使河原/テシガワラ 小鳥遊/タカナシ 四十物/アイモノ 月見里/ヤマナシ 東海林/ショウジ 服部谷/ハットリヤ 一ノ瀬/イチノセ 三ツ井/ミツイ 一二三/ヒフミ 二階堂/ニカイドウ 五百旗頭/イオキベ 六角/ロッカク 七尾/ナナオ 八月一日/ホヅミ 九鬼/クキ 十河/ソゴウ 百目鬼/ドウメキ 千々岩/チヂイワ 万城目/マキメ 我孫子/アビコ 安次富/アシトミ 比嘉/ヒガ 金城/キンジョウ 玉城/タマキ 仲宗根/ナカソネ 具志堅/グシケン 喜屋武/キャン 新垣/アラカキ 知念/チネン 南風原/ハエバル 島袋/シマブクロ 大城/オオシロ 伊集院/イジュウイン 鮫島/サメシマ 税所/サイショ 東雲/シノノメ 東風平/コチンダ 日下部/クサカベ 長宗我部/チョウソカベ 小笠原/オガサワラ 武者小路/ムシャノコウジ 綾小路/アヤノコウジ 御手洗/ミタライ 御厨/ミクリヤ 神代/クマシロ 神足/コウタリ 鳥居/トリイ 鷲尾/ワシオ 鷹取/タカトリ 鵜飼/ウカイ 鴨下/カモシタ 鶴見/ツルミ 亀井/カメイ 鹿毛/カゲ 猪俣/イノマタ 犬養/イヌカイ 猫田/ネコタ 兎澤/トザワ 熊切/クマキリ 狩野/カノウ 蛭田/ヒルタ 蜂谷/ハチヤ 蝦名/エビナ 鯉沼/コイヌマ 鮎川/アユカワ 鯨井/クジライ 桑原/クワバラ 楠/クスノキ 榊原/サカキバラ 槇/マキ 樫村/カシムラ 椎名/シイナ 椿/ツバキ 柊/ヒイラギ 梶/カジ 梶原/カジワラ 桐生/キリュウ 栗林/クリバヤシ 柏木/カシワギ 柿沼/カキヌマ 栂野/トガノ 橘/タチバナ 葛西/カサイ 葛城/カツラギ 蓮見/ハスミ 蒲生/ガモウ 薄井/ウスイ 藪内/ヤブウチ 蘆田/アシダ 芥川/アクタガワ 芦田/アシダ 苅部/カリベ 茂木/モテギ 荻野/オギノ 萱場/カヤバ 雨宮/アメミヤ 雪村/ユキムラ 霜田/シモダ 雲井/クモイ 霧島/キリシマ 風間/カザマ 嵐/アラシ 虹川/ニジカワ 日向/ヒュウガ 朝比奈/アサヒナ 夕部/ユウベ 宵野/ヨイノ 暁/アカツキ 春日/カスガ 夏目/ナツメ 秋葉/アキバ 冬木/フユキ 四季/シキ 畠山/ハタケヤマ 畑中/ハタナカ 沼尻/ヌマジリ 沖/オキ 湊/ミナト 渚/ナギサ 滝沢/タキザワ 瀬戸/セト 瀬尾/セノオ 潮田/ウシオダ 淵上/フチガミ 溝口/ミゾグチ 磯部/イソベ 礒崎/イソザキ 碓氷/ウスイ 砂川/スナガワ 硲/ハザマ 岩瀬/イワセ 峯岸/ミネギシ 嶋崎/シマザキ 嵯峨/サガ 峠/トウゲ 谷/タニ 谷垣/タニガキ 越智/オチ 越野/コシノ 辺見/ヘンミ 道下/ミチシタ 近江/オウミ 駿河/スルガ 三河/ミカワ 大和/ヤマト 出雲/イズモ 伊豆/イズ 甲斐/カイ 加賀谷/カガヤ 能登/ノト 丹波/タンバ 但馬/タジマ 播磨/ハリマ 安芸/アキ 長門/ナガト 阿波/アワ 讃岐/サヌキ 土岐/トキ 筑紫/チクシ 豊後/ブンゴ 薩摩/サツマ 都築/ツヅキ 曽我/ソガ 曾根/ソネ 其田/ソノダ 乙部/オトベ 丙/ヒノエ 丁野/チョウノ 王/オウ 李/リ 朴/パク 陳/チン 金/キム 孫/ソン 林田/ハヤシダ 呉/クレ 江/ゴウ 乾/イヌイ 巽/タツミ 艮/ウシトラ 錦織/ニシキオリ 繁田/シゲタ 綿貫/ワタヌキ 絹川/キヌカワ 糸井/イトイ 縄田/ナワタ 弓削/ユゲ 矢島/ヤジマ 刀根/トネ 鎌倉/カマクラ 鍋島/ナベシマ 釜谷/カマタニ 鉢村/ハチムラ 鏑木/カブラギ 鐘江/カネガエ 鈴村/スズムラ 剣持/ケンモチ 楯/タテ 兜森/カブトモリ 袴田/ハカマダ 羽柴/ハシバ 羽生田/ハニュウダ 翁長/オナガ 翠川/ミドリカワ 若狭/ワカサ 老川/オイカワ 美濃部/ミノベ 善波/ゼンバ 義川/ヨシカワ 聖/ヒジリ"
)
GIVEN = _table(
    "健太郎/ケンタロウ 翔太/ショウタ 大輔/ダイスケ 拓也/タクヤ 直樹/ナオキ 誠/マコト 浩/ヒロシ 隆/タカシ 修/オサム 茂/シゲル 実/ミノル 清/キヨシ 進/ススム 博/ヒロシ 徹/トオル 剛/ツヨシ 学/マナブ 豊/ユタカ 勉/ツトム 昇/ノボル 一郎/イチロウ 二郎/ジロウ 三郎/サブロウ 太郎/タロウ 健/ケン 亮/リョウ 涼/リョウ 翼/ツバサ 光/ヒカル 司/ツカサ 要/カナメ 圭/ケイ 潤/ジュン 純/ジュン 淳/アツシ 篤/アツシ 敦/アツシ 駿/シュン 蓮/レン 湊/ミナト 樹/イツキ 陽翔/ハルト 大翔/ヒロト 悠真/ユウマ 悠人/ユウト 蒼/アオイ 颯太/ソウタ 奏太/ソウタ 朝陽/アサヒ 律/リツ 新/アラタ 伊織/イオリ 凪/ナギ 暖/ダン 岳/ガク 海斗/カイト 陸/リク 空/ソラ 大和/ヤマト 大地/ダイチ 和也/カズヤ 和彦/カズヒコ 和夫/カズオ 正雄/マサオ 正樹/マサキ 正人/マサト 雅人/マサト 雅之/マサユキ 雅彦/マサヒコ 康平/コウヘイ 康介/コウスケ 孝之/タカユキ 孝行/タカユキ 達也/タツヤ 達郎/タツロウ 哲也/テツヤ 哲夫/テツオ 信也/シンヤ 信夫/ノブオ 慎一/シンイチ 真一/シンイチ 伸一/シンイチ 慎太郎/シンタロウ 晋/ススム 秀樹/ヒデキ 英樹/ヒデキ 英明/ヒデアキ 英二/エイジ 栄一/エイイチ 義男/ヨシオ 義明/ヨシアキ 良平/リョウヘイ 良太/リョウタ 俊介/シュンスケ 俊哉/トシヤ 敏夫/トシオ 敏郎/トシロウ 勝/マサル 勝利/カツトシ 武/タケシ 武志/タケシ 猛/タケシ 毅/ツヨシ 聡/サトシ 聡史/サトシ 智/サトシ 智也/トモヤ 智之/トモユキ 友樹/トモキ 裕介/ユウスケ 裕太/ユウタ 雄一/ユウイチ 雄大/ユウダイ 勇気/ユウキ 祐樹/ユウキ 貴之/タカユキ 貴志/タカシ 章/アキラ 明/アキラ 晃/アキラ 彰/アキラ 昭/アキラ 昌弘/マサヒロ 昌平/ショウヘイ 洋/ヒロシ 洋平/ヨウヘイ 洋介/ヨウスケ 陽介/ヨウスケ 耕平/コウヘイ 耕作/コウサク 幸雄/ユキオ 幸一/コウイチ 幸太郎/コウタロウ 恭平/キョウヘイ 京介/キョウスケ 圭佑/ケイスケ 啓太/ケイタ 敬/タカシ 敬介/ケイスケ 謙/ケン 謙一/ケンイチ 賢治/ケンジ 賢人/ケント 憲一/ケンイチ 建/タケル 元/ハジメ 源太/ゲンタ 創/ハジメ 壮/ソウ 宗一郎/ソウイチロウ 宗太/ソウタ 総司/ソウジ 泰/ヤスシ 泰宏/ヤスヒロ 保/タモツ 守/マモル 衛/マモル 亘/ワタル 渉/ワタル 航/ワタル 弦/ゲン 弘/ヒロシ 弘樹/ヒロキ 宏/ヒロシ 宏明/ヒロアキ 寛/ヒロシ 寛之/ヒロユキ 広志/ヒロシ "
    "花子/ハナコ 陽子/ヨウコ 恵子/ケイコ 幸子/サチコ 和子/カズコ 洋子/ヨウコ 節子/セツコ 文子/フミコ 久美子/クミコ 由美子/ユミコ 真由美/マユミ 明美/アケミ 裕子/ユウコ 直子/ナオコ 智子/トモコ 典子/ノリコ 純子/ジュンコ 京子/キョウコ 律子/リツコ 敬子/ケイコ 順子/ジュンコ 美香/ミカ 香織/カオリ 佳奈/カナ 佳織/カオリ 加奈子/カナコ 真理子/マリコ 麻衣/マイ 麻美/アサミ 愛/アイ 愛美/マナミ 彩/アヤ 彩香/アヤカ 綾/アヤ 綾乃/アヤノ 菜々子/ナナコ 菜摘/ナツミ 奈緒/ナオ 奈々/ナナ 七海/ナナミ 美咲/ミサキ 美穂/ミホ 美和/ミワ 美紀/ミキ 美月/ミヅキ 美優/ミユ 優/ユウ 優花/ユウカ 優奈/ユウナ 結衣/ユイ 結菜/ユイナ 唯/ユイ 由佳/ユカ 由紀/ユキ 由香里/ユカリ 有紀/ユキ 雪/ユキ 幸/サチ 千尋/チヒロ 千夏/チナツ 千恵/チエ 千鶴/チヅル 知佳/チカ 智美/トモミ 友美/トモミ 朋子/トモコ 早紀/サキ 咲/サキ 咲良/サクラ 桜/サクラ さくら/サクラ ひなた/ヒナタ ひかり/ヒカリ あおい/アオイ みのり/ミノリ のぞみ/ノゾミ かおり/カオリ まゆ/マユ みさき/ミサキ すみれ/スミレ つむぎ/ツムギ こころ/ココロ はるか/ハルカ さゆり/サユリ 遥/ハルカ 遥香/ハルカ 春香/ハルカ 晴美/ハルミ 夏希/ナツキ 秋穂/アキホ 冬美/フユミ 陽菜/ヒナ 日菜子/ヒナコ 葵/アオイ 茜/アカネ 紫/ユカリ 緑/ミドリ 碧/アオイ 藍/アイ 紅葉/モミジ 楓/カエデ 梓/アズサ 杏/アン 杏奈/アンナ 梨花/リンカ 莉子/リコ 莉央/リオ 里奈/リナ 理沙/リサ 理恵/リエ 梨沙/リサ 玲奈/レナ 玲子/レイコ 麗/ウララ 鈴/スズ 鈴音/スズネ 琴音/コトネ 琴美/コトミ 詩織/シオリ 栞/シオリ 史/フミ 文/アヤ 雅/ミヤビ 雅子/マサコ 正子/マサコ 昌子/マサコ 政子/マサコ 房子/フサコ 芳江/ヨシエ 良子/ヨシコ 好美/ヨシミ 静/シズカ 静香/シズカ 静江/シズエ 澄子/スミコ 純/ジュン 清美/キヨミ 清香/サヤカ 沙耶/サヤ 沙織/サオリ 紗英/サエ 紗季/サキ 冴/サエ 小百合/サユリ 百合子/ユリコ 友里/ユリ 瞳/ヒトミ 仁美/ヒトミ 光/ヒカリ 光代/ミツヨ 美津子/ミツコ 満里奈/マリナ 真琴/マコト 真央/マオ 真帆/マホ 真紀/マキ 真希/マキ 槙子/マキコ 牧/マキ 舞/マイ 萌/モエ 桃子/モモコ 桃花/モモカ 芽衣/メイ 芽依/メイ 凛/リン 凜/リン 心春/コハル 小春/コハル 心/ココロ 一花/イチカ 一葉/カズハ 二葉/フタバ 三千代/ミチヨ 八重/ヤエ 千代/チヨ 万里/マリ 香/カオリ 薫/カオル 馨/カオル 環/タマキ 珠美/タマミ 翠/ミドリ 望/ノゾミ 希/ノゾミ 希美/ノゾミ 伸子/ノブコ 暢子/ノブコ 容子/ヨウコ 曜子/ヨウコ ジェシカ/ジェシカ マリア/マリア レナータ/レナータ 健人アレックス/ケントアレックス"
)
_GIVEN_EN = (
    "Oliver George Harry Jack Charlie Thomas James William Edward Henry Arthur Alfie Rupert Callum Ewan Rhys Owen Declan "
    "Amelia Olivia Isla Emily Poppy Ava Charlotte Florence Harriet Imogen Beatrice Eleanor Niamh Siobhán Aoife Cerys Morag "
    "Mason Ethan Logan Hunter Tyler Brandon Cody Wyatt Dylan Austin Madison Brooklyn Savannah Abigail Hannah Grace Chloe "
    "Aaliyah DeShawn Jamal Keisha Latoya Marquis Tyrone Ebony Santiago Mateo Alejandro José Jesús Guadalupe Ximena Camila "
    "Valentina Lucía Rosa Esperanza Aarav Arjun Priya Ananya Rohan Sanjay Lakshmi Deepika Imran Bilal Zainab Fatima Ayesha "
    "Yusuf Omar Layla Noor Amina Mohammed Abdullah Wei Jing Xiaoming Mei Hao Ling Chidi Amara Ngozi Oluwaseun Adaeze Kwame "
    "Kofi Abena Thandiwe Sipho Elena Katarzyna Tomasz Agnieszka Wojciech Zofia Dmitri Svetlana Oksana Bogdan Ioana Mihai "
    "Björn Astrid Søren Freja Jürgen Anneliese Chloé François Noémie Giulia Matteo Nguyễn Thảo Minh Linh Somchai Ploy "
    "Hiroshi Yuki Ji-woo Min-jun Soo-ah Nikolaos Despina Levon Anahit Nino Giorgi Anne-Marie Mary-Jane Will April Mark Rose "
    "Bill Faith Chase Summer Dawn Grant Ray Penny Art Sunny Miles Carol Max Sky"
).split()
_FAMILY_EN = (
    "Smith Jones Taylor Brown Williams Wilson Johnson Davies Robinson Wright Thompson Evans Walker White Roberts Green Hall "
    "Wood Jackson Clarke Hughes Edwards Hill Moore Clark Harrison Scott Young Morris Ward Cook Baker Price Long Park Field "
    "Banks Rivers Bishop King Day Love Winter Frost May O'Brien O'Sullivan Fitzgerald MacDonald McAllister McKenzie Llewellyn "
    "Cholmondeley Featherstonehaugh Ashworth Braithwaite Entwistle Hargreaves Ramsbottom Shufflebottom Pemberton-Hughes "
    "Smith-Jones Washington Jefferson Freeman Booker Hernández García Martínez Rodríguez López González Pérez Sánchez Ramírez "
    "Torres Flores Vásquez Castañeda Villanueva Patel Singh Sharma Gupta Iyer Krishnamurthy Banerjee Chowdhury Begum Hussain "
    "Khan Ahmed Malik Qureshi Al-Rashid Haddad Nasser Chen Wang Li Zhang Liu Huang Wu Ng Okafor Nwosu Adeyemi Okonkwo Mensah "
    "Boateng Dlamini Ndlovu Abara Kowalski Nowak Wiśniewski Wójcik Lewandowska Kovács Nagy Horváth Novák Dvořák Popescu "
    "Ionescu Ivanov Petrova Shevchenko Kovalenko Lindqvist Sørensen Åkesson Müller Schäfer Weiß Dubois Lefèvre d'Aubigny "
    "Rossi Esposito Tran Pham Le Srisai Tanaka Suzuki Kim Choi Papadopoulos Sarkisian Beridze van der Berg de Souza".replace(
        "van der Berg", "van_der_Berg"
    ).replace("de Souza", "de_Souza")
).split()


def draw_ja(rng: random.Random) -> tuple[Read, Read]:
    """Family and given name; two of five families have a rare name, which is more than there are."""
    return rng.choice(FAMILY_RARE if rng.random() < 0.4 else FAMILY_COMMON), rng.choice(GIVEN)


def draw_en(rng: random.Random) -> tuple[str, str]:
    """Given and family name, each of any origin."""
    return rng.choice(_GIVEN_EN), rng.choice(_FAMILY_EN).replace("_", " ")


def ascii_only(text: str) -> str:
    """Letters and hyphens as people put them into their addresses."""
    plain = unicodedata.normalize("NFKD", text.replace("ø", "o").replace("ß", "ss").replace("đ", "d").replace("ł", "l"))
    return "".join(each for each in plain if each.isascii() and (each.isalpha() or each == "-"))
