/* A synthetic declaration's goods as an entry summary (IE315): the same people, goods and air waybill, so that it is of
 * the same consignment as the import of that number. An amendment names an MRN, which a generator does not have: it
 * repeats what it amends. */
#include "cli/synth.h"

/* Of a bad one: something else in the place of what is right. */
static const char *flawed(const gl_synth *s, int flaw, const char *wrong, const char *right)
{
    return s->flaw == flaw ? wrong : right;
}

static void kilograms(gl_buf *buf, int64_t grams)
{
    gl_buf_printf(buf, "%lld.%03lld", (long long)(grams / 1000), (long long)(grams % 1000));
}

static int64_t gross_of(const gl_synth *s)
{
    int64_t grams = 0;
    for (int i = 0; i < s->item_count; i++)
        grams += s->items[i].gross_grams;
    return grams;
}

static int packages_of(const gl_synth *s)
{
    int count = 0;
    for (int i = 0; i < s->item_count; i++)
        count += s->items[i].quantity;
    return count;
}

static void put_header(gl_buf *buf, const gl_synth *s)
{
    int month = s->flaw == 5 ? 13 : s->month;
    gl_buf_printf(buf,
                  "  <MesSenMES3>GB205512345000/0000000003</MesSenMES3>\n  <DatOfPreMES9>%02d%02d%02d</DatOfPreMES9>\n"
                  "  <TimOfPreMES10>0600</TimOfPreMES10>\n  <MesIdeMES19>M%lld</MesIdeMES19>\n"
                  "  <MesTypMES20>CC315A</MesTypMES20>\n  <HEAHEA>\n",
                  s->year % 100, s->month, s->day, (long long)s->number);
    if (s->flaw != 0)
        gl_buf_printf(buf, "    <RefNumHEA4>%s</RefNumHEA4>\n", s->lrn);
    gl_buf_printf(buf,
                  "    <TraModAtBorHEA76>4</TraModAtBorHEA76>\n    <TotNumOfIteHEA305>%d</TotNumOfIteHEA305>\n"
                  "    <TotNumOfPacHEA306>%d</TotNumOfPacHEA306>\n    <TotGroMasHEA307>%s",
                  s->item_count, packages_of(s), flawed(s, 3, "-", ""));
    kilograms(buf, gross_of(s));
    gl_buf_printf(buf,
                  "</TotGroMasHEA307>\n    <DecPlaHEA394>Airport</DecPlaHEA394>\n"
                  "    <ConRefNumHEA>5X%04lld</ConRefNumHEA>\n    <PlaLoaGOOITE334>CN Shenzhen</PlaLoaGOOITE334>\n"
                  "    <PlaUnlGOOITE334>GB Castle Donington</PlaUnlGOOITE334>\n"
                  "    <DecDatTimHEA114>%04d%02d%02d0600</DecDatTimHEA114>\n  </HEAHEA>\n",
                  (long long)(s->number / 400 % 10000), s->year, month, s->day);
}

/* A seller in Shenzhen, as in the other formats; a private person has a name and an address, and no TIN. */
static void put_parties(gl_buf *buf, const gl_synth *s)
{
    gl_buf_text(buf, "  <TRACONCO1>\n    <NamCO17>");
    gl_buf_xml(buf, gl_str_of(s->seller));
    gl_buf_text(buf,
                "</NamCO17>\n    <StrAndNumCO122>Binhe Road 1</StrAndNumCO122>\n    <PosCodCO123>518000</PosCodCO123>\n"
                "    <CitCO124>Shenzhen</CitCO124>\n    <CouCO125>CN</CouCO125>\n  </TRACONCO1>\n"
                "  <TRACONCE1>\n    <NamCE17>");
    gl_buf_printf(buf,
                  "%s %s</NamCE17>\n    <StrAndNumCE122>%s %d</StrAndNumCE122>\n    <PosCodCE123>%.9s</PosCodCE123>\n"
                  "    <CitCE124>%s</CitCE124>\n    <CouCE125>%s</CouCE125>\n  </TRACONCE1>\n",
                  s->given, s->family_name, s->street, s->house, s->city->postcode, s->city->name,
                  flawed(s, 1, "xx", s->city->country));
}

static void put_item(gl_buf *buf, const gl_synth *s, int i)
{
    const gl_synth_item *item = &s->items[i];
    long long waybill = (long long)(s->number / 400 % 10000000);
    gl_buf_printf(buf, "  <GOOITEGDS>\n    <IteNumGDS7>%d</IteNumGDS7>\n    <GooDesGDS23>", i + 1);
    gl_buf_xml(buf, gl_str_of(item->good->description));
    gl_buf_text(buf, "</GooDesGDS23>\n    <GroMasGDS46>");
    kilograms(buf, item->gross_grams);
    gl_buf_printf(
        buf,
        "</GroMasGDS46>\n    <PRODOCDC2>\n      <DocTypDC21>N740</DocTypDC21>\n"
        "      <DocRefDC23>157-%07lld%lld</DocRefDC23>\n    </PRODOCDC2>\n    <COMCODGODITM>\n"
        "      <ComNomCMD1>%s</ComNomCMD1>\n    </COMCODGODITM>\n    <PACGS2>\n      <KinOfPacGS23>PK</KinOfPacGS23>\n"
        "      <NumOfPacGS24>%d</NumOfPacGS24>\n      <MarNumOfPacGSL21>%s</MarNumOfPacGSL21>\n    </PACGS2>\n"
        "  </GOOITEGDS>\n",
        waybill, waybill % 7, flawed(s, 2, "12AB", item->good->hs6), item->quantity, s->lrn);
}

void gl_synth_ens(const gl_synth *s, gl_buf *buf)
{
    gl_buf_text(buf, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                     "<ie:CC315A xmlns:ie=\"http://ics.dgtaxud.ec/CC315A\">\n");
    put_header(buf, s);
    put_parties(buf, s);
    for (int i = 0; i < s->item_count; i++)
        put_item(buf, s, i);
    gl_buf_printf(
        buf,
        "  <ITI><CouOfRouCodITI1>CN</CouOfRouCodITI1></ITI>\n  <ITI><CouOfRouCodITI1>GB</CouOfRouCodITI1></ITI>\n"
        "  <PERLODSUMDEC>\n    <TINPLD1>%s</TINPLD1>\n  </PERLODSUMDEC>\n  <CUSOFFFENT730>\n"
        "    <RefNumCUSOFFFENT731>GB000040</RefNumCUSOFFFENT731>\n"
        "    <ExpDatOfArrFIRENT733>%04d%02d%02d2300</ExpDatOfArrFIRENT733>\n  </CUSOFFFENT730>\n</ie:CC315A>\n",
        flawed(s, 4, "gb1", "GB205512345000"), s->year, s->month, s->day);
}
