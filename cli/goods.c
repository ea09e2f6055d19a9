/* See goods.h. */
#include "cli/goods.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

const gl_good gl_goods[] = {
    {"Men's cotton T-shirt, knitted, printed", "610910", 400, 2500, 120, 260},
    {"Women's dress of polyester, woven", "620443", 900, 6000, 200, 500},
    {"Ladies' knitted pullover of acrylic", "611030", 800, 4500, 250, 600},
    {"Boys' trousers of cotton denim", "620342", 900, 4000, 300, 700},
    {"Socks of cotton, knitted, 5 pairs", "611595", 300, 1500, 100, 300},
    {"Bra of polyamide lace", "621210", 500, 3000, 60, 150},
    {"Baby romper, knitted cotton", "611120", 400, 2500, 80, 220},
    {"Scarf of synthetic fibres, woven", "621430", 300, 2000, 80, 250},
    {"Sports shoes with rubber sole and textile upper", "640411", 1200, 9000, 500, 1100},
    {"Women's sandals, plastic upper and sole", "640299", 500, 3500, 300, 700},
    {"Leather ankle boots, rubber sole", "640391", 2500, 14000, 700, 1500},
    {"Handbag with outer surface of plastic sheeting", "420222", 800, 7000, 300, 900},
    {"Wallet of leather", "420231", 500, 6000, 60, 180},
    {"Nylon backpack for laptop", "420292", 1000, 7000, 400, 1100},
    {"Silicone phone case for smartphone", "392690", 100, 1500, 20, 80},
    {"Tempered glass screen protector for mobile phone", "700719", 100, 1200, 20, 90},
    {"USB charging cable, 1 m, fitted with connectors", "854442", 100, 1500, 20, 90},
    {"Wireless bluetooth earphones with charging case", "851830", 800, 12000, 40, 120},
    {"Smart watch with heart rate sensor, wireless", "851762", 1500, 20000, 60, 200},
    {"Power bank, lithium-ion, 10000 mAh", "850760", 900, 4500, 180, 350},
    {"LED strip light, 5 m, with adapter", "940542", 500, 3000, 120, 400},
    {"Rechargeable LED head torch", "851310", 400, 3000, 50, 180},
    {"Mobile phone, smartphone, 128 GB", "851713", 9000, 70000, 180, 350},
    {"Tablet computer, 10 inch", "847130", 8000, 50000, 400, 800},
    {"Computer mouse, wireless", "847160", 500, 4000, 60, 160},
    {"Bluetooth loudspeaker, portable", "851821", 900, 8000, 200, 900},
    {"Plastic building blocks toy set, 500 pieces", "950300", 800, 6000, 300, 1200},
    {"Stuffed plush toy bear", "950300", 400, 3000, 100, 600},
    {"Jigsaw puzzle of cardboard, 1000 pieces", "950300", 500, 2500, 400, 900},
    {"Playing cards, 54", "950440", 200, 1200, 80, 160},
    {"Yoga mat of PVC foam", "950691", 700, 4000, 600, 1500},
    {"Fishing reel, spinning", "950730", 900, 9000, 200, 500},
    {"Imitation necklace, brass, gold plated", "711719", 100, 2500, 10, 80},
    {"Silver ring, sterling 925", "711311", 800, 9000, 3, 20},
    {"Hair clips of plastic, set of 10", "961511", 100, 800, 20, 90},
    {"Quartz wrist watch, battery, analogue display", "910211", 900, 15000, 40, 150},
    {"Sunglasses, plastic frame", "900410", 200, 5000, 20, 60},
    {"Artificial flowers of polyester", "670290", 300, 3000, 100, 500},
    {"Kitchen knife of stainless steel, fixed blade", "821191", 400, 6000, 80, 300},
    {"Stainless steel vacuum flask, 500 ml", "961700", 600, 4000, 250, 450},
    {"Porcelain coffee mug, 350 ml", "691110", 300, 2000, 300, 450},
    {"Silicone baking mould", "392410", 200, 1800, 80, 300},
    {"Bed linen set of cotton, printed, duvet cover and pillow cases", "630221", 1500, 9000, 900, 2200},
    {"Curtain of polyester, blackout", "630392", 900, 5000, 600, 2000},
    {"Microfibre cleaning cloths, 20 pieces", "630710", 300, 1500, 150, 500},
    {"Nail polish set, 6 colours", "330430", 300, 2500, 80, 250},
    {"Face cream with vitamin C, 50 ml", "330499", 400, 6000, 70, 150},
    {"Eau de parfum, 50 ml, glass bottle", "330300", 1500, 12000, 180, 350},
    {"Hair dryer, electric, 2000 W", "851631", 1200, 9000, 450, 900},
    {"Electric toothbrush, rechargeable", "850980", 1200, 12000, 120, 300},
    {"Electric shaver for men", "851010", 1500, 15000, 180, 400},
    {"Car phone holder of plastic with suction cup", "392690", 300, 2000, 80, 250},
    {"Bicycle lamp set, LED, front and rear", "851210", 400, 3500, 60, 200},
    {"Bicycle inner tube, butyl rubber, 28 inch", "401320", 200, 1000, 90, 200},
    {"Brake pads for passenger cars, set", "870830", 1200, 8000, 800, 2500},
    {"Oil filter for car engine", "842123", 300, 2500, 200, 500},
    {"Cordless screwdriver with lithium battery", "846721", 1500, 12000, 500, 1500},
    {"Set of screwdrivers, hand tools", "820540", 500, 4000, 200, 900},
    {"Garden hose of PVC, 20 m", "391739", 900, 5000, 1500, 4000},
    {"Notebook with hard cover, ruled paper, A5", "482010", 200, 1800, 150, 400},
    {"Ball point pens, 10 pieces", "960810", 100, 1200, 60, 150},
    {"Printed children's picture book", "490300", 300, 2500, 150, 600},
    {"Green tea, 100 g packet", "090210", 300, 2500, 100, 160},
    {"Roasted coffee beans, 500 g", "090121", 500, 2500, 500, 560},
    {"Food supplement, vitamin D3 capsules", "210690", 500, 4000, 60, 200},
    {"Dog leash of nylon webbing", "420100", 300, 2500, 80, 250},
    {"Cat scratching post, wood and sisal", "442199", 900, 6000, 1500, 5000},
    {"Folding table of aluminium", "940320", 2000, 9000, 3000, 9000},
    {"Cushion cover of polyester, 45 x 45 cm", "630493", 200, 1800, 80, 250},
    {"Wall clock, quartz, plastic case", "910521", 500, 4000, 300, 900},
};
const size_t gl_goods_count = COUNT(gl_goods);

const char *const gl_given_names[] = {"Anna",   "Jonas", "Léa", "Mateo", "Sofie", "Lukas",   "Chloé",    "Pieter",
                                      "Ingrid", "Tomáš", "Zoë", "Björn", "Marta", "Olivier", "Katarína", "Søren"};
const size_t gl_given_name_count = COUNT(gl_given_names);
const char *const gl_family_names[] = {"Peeters", "Janssens", "Dubois",   "Müller",  "García",  "Novák",
                                       "Nielsen", "Rossi",    "Kowalska", "Lefèvre", "De Smet", "Ångström",
                                       "Horváth", "Silva",    "Maes",     "Weber"};
const size_t gl_family_name_count = COUNT(gl_family_names);
const char *const gl_streets[] = {"Stationsstraat", "Rue de l'Église", "Hauptstraße",  "Calle Mayor",
                                  "Kerkstraat",     "Lindenallee",     "Nieuwe Markt", "Avenue des Tilleuls"};
const size_t gl_street_count = COUNT(gl_streets);
const char *const gl_seller_names[] = {
    "Bright Harbour Trading Co. Ltd", "Lucky Pine E-Commerce Ltd", "Nine Rivers Import Export Co.",
    "Blue Lantern Electronics Ltd",   "Golden Kite Garments Co.",  "Silver Bridge Toys Ltd",
    "Everyday Home Goods Ltd",        "Jade Mountain Sports Co.",  "Pacific Thread Ltd",
    "Red Maple Cosmetics Co."};
const size_t gl_seller_name_count = COUNT(gl_seller_names);
const gl_city gl_cities[] = {{"Liège", "4000", "BE"},     {"Antwerpen", "2000", "BE"},  {"Gent", "9000", "BE"},
                             {"Rotterdam", "3011", "NL"}, {"Lille", "59000", "FR"},     {"Köln", "50667", "DE"},
                             {"Madrid", "28013", "ES"},   {"Milano", "20121", "IT"},    {"Praha", "11000", "CZ"},
                             {"København", "1050", "DK"}, {"Warszawa", "00-001", "PL"}, {"Lisboa", "1100-148", "PT"}};
const size_t gl_city_count = COUNT(gl_cities);
