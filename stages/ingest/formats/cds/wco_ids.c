/* See wco_ids.h. The numbers are those of WCO_DEC_2_DMS. */
#include "ingest/formats/cds/wco_ids.h"

typedef struct class_id {
    const char *element, *id;
} class_id;

/* clang-format off */
/* By name. */
static const class_id CLASSES[] = {
    {"AEOMutualRecognitionParty", "16C"}, {"AdditionalDocument", "02A"}, {"AdditionalInformation", "03A"},
    {"Address", "04A"}, {"Agent", "05A"}, {"Amendment", "06A"}, {"ArrivalTransportMeans", "10A"},
    {"Authentication", "61B"}, {"Authenticator", "12A"}, {"AuthorisationHolder", "17C"},
    {"BorderTransportMeans", "15A"}, {"Buyer", "16A"}, {"Carrier", "18A"}, {"ChargeDeduction", "58B"},
    {"Classification", "21A"}, {"Commodity", "23A"}, {"Communication", "25A"}, {"Consignee", "27A"},
    {"Consignment", "28A"}, {"ConsignmentItem", "29A"}, {"Consignor", "30A"}, {"Contact", "34A"},
    {"CurrencyExchange", "40A"}, {"CustomsValuation", "41A"}, {"DangerousGoods", "12C"}, {"Declarant", "57B"},
    {"Declaration", "42A"}, {"DepartureTransportMeans", "46A"}, {"Destination", "99B"},
    {"DomesticDutyTaxParty", "55B"}, {"DutyTaxFee", "50A"}, {"ExitOffice", "56A"}, {"ExportCountry", "95B"},
    {"Exporter", "57A"}, {"Freight", "62A"}, {"GoodsLocation", "64A"}, {"GoodsMeasure", "65A"},
    {"GoodsShipment", "67A"}, {"GovernmentAgencyGoodsItem", "68A"}, {"GovernmentProcedure", "70A"},
    {"GuaranteeOffice", "14C"}, {"Importer", "74A"}, {"Invoice", "78A"}, {"InvoiceLine", "79A"}, {"Itinerary", "81A"},
    {"LoadingLocation", "83A"}, {"ObligationGuarantee", "90A"}, {"Origin", "92A"}, {"Packaging", "93A"},
    {"Payer", "56B"}, {"Payment", "94A"}, {"Pointer", "97A"}, {"PresentationOffice", "15C"},
    {"PreviousDocument", "99A"}, {"Seal", "44B"}, {"Seller", "09B"}, {"Submitter", "17B"},
    {"SupervisingOffice", "97B"}, {"Surety", "19B"}, {"TradeTerms", "22B"}, {"TransportEquipment", "31B"},
    {"UCR", "35B"}, {"ValuationAdjustment", "39B"}, {"Warehouse", "43B"}, {"WriteOff", "22C"},
};

typedef struct element_id {
    const char *element, *within, *id; /* within NULL: wherever it stands */
} element_id;

static const element_id ELEMENTS[] = {
    {"AcceptanceDateTime", NULL, "023"}, {"AccessCode", NULL, "499"}, {"AdValoremTaxBaseAmount", NULL, "116"},
    {"AdditionCode", NULL, "188"}, {"AmountAmount", "WriteOff", "503"},
    {"AmountAmount", "ObligationGuarantee", "492"}, {"CategoryCode", "AdditionalDocument", "D031"},
    {"CategoryCode", "PreviousDocument", "D031"}, {"CategoryCode", "AuthorisationHolder", "R145"},
    {"ChangeReasonCode", NULL, "099"}, {"ChargesTypeCode", NULL, "371"}, {"CityName", NULL, "241"},
    {"ConditionCode", NULL, "090"}, {"ContainerCode", NULL, "096"}, {"CountryCode", "Address", "242"},
    {"CountryCode", "Destination", "465"}, {"CountryCode", "Origin", "063"}, {"CountryRelationshipCode", NULL, "106"},
    {"CountrySubDivisionCode", NULL, "244"}, {"CountrySubDivisionName", NULL, "243"},
    {"CurrencyTypeCode", NULL, "135"}, {"CurrentCode", NULL, "166"}, {"CustomsValueAmount", NULL, "108"},
    {"DeclarationOfficeID", NULL, "065"}, {"DeductAmount", NULL, "111"}, {"Description", "Commodity", "137"},
    {"Description", "TradeTerms", "089"}, {"DutyRegimeCode", NULL, "164"}, {"EffectiveDateTime", NULL, "276"},
    {"ExitDateTime", NULL, "024"}, {"FreightChargeAmount", NULL, "117"}, {"FunctionCode", "Declaration", "017"},
    {"FunctionCode", "Agent", "102"}, {"FunctionalReferenceID", NULL, "D026"}, {"GoodsItemQuantity", NULL, "228"},
    {"GrossMassMeasure", NULL, "126"}, {"HeightMeasure", NULL, "402"}, {"ID", "Declaration", "D014"},
    {"ID", "ObligationGuarantee", "D014"}, {"ID", "Submitter", "R059"}, {"ID", "AdditionalDocument", "D005"},
    {"ID", "Agent", "R004"}, {"ID", "AuthorisationHolder", "R144"}, {"ID", "BorderTransportMeans", "T006"},
    {"ID", "Carrier", "R012"}, {"ID", "Communication", "240"}, {"ID", "Consignor", "R021"},
    {"ID", "Declarant", "R123"}, {"ID", "ExitOffice", "G005"}, {"ID", "Exporter", "R032"},
    {"ID", "AEOMutualRecognitionParty", "R143"}, {"ID", "Buyer", "R010"}, {"ID", "Consignee", "R015"},
    {"ID", "ArrivalTransportMeans", "T002"}, {"ID", "DepartureTransportMeans", "T004"},
    {"ID", "GoodsLocation", "L017"}, {"ID", "LoadingLocation", "L010"}, {"ID", "TransportEquipment", "159"},
    {"ID", "Seal", "165"}, {"ID", "DomesticDutyTaxParty", "R119"}, {"ID", "ExportCountry", "062"},
    {"ID", "Classification", "145"}, {"ID", "PreviousDocument", "D018"}, {"ID", "Seller", "R051"},
    {"ID", "UCR", "016"}, {"ID", "Importer", "R038"}, {"ID", "Invoice", "D016"}, {"ID", "Payer", "R121"},
    {"ID", "Surety", "R055"}, {"ID", "Warehouse", "L019"}, {"ID", "GuaranteeOffice", "G014"},
    {"ID", "PresentationOffice", "G015"}, {"ID", "SupervisingOffice", "G012"},
    {"IdentificationTypeCode", "BorderTransportMeans", "T018"},
    {"IdentificationTypeCode", "ArrivalTransportMeans", "T034"},
    {"IdentificationTypeCode", "DepartureTransportMeans", "T029"}, {"InvoiceAmount", NULL, "109"},
    {"IssueDateTime", "Declaration", "D011"}, {"IssueDateTime", "Invoice", "D015"}, {"IssueLocationID", NULL, "D012"},
    {"ItemChargeAmount", NULL, "112"}, {"LPCOExemptionCode", NULL, "360"}, {"LengthMeasure", NULL, "367"},
    {"Line", NULL, "239"}, {"LineNumeric", NULL, "171"}, {"LoadingListQuantity", NULL, "013"},
    {"LocationID", NULL, "L002"}, {"LocationName", NULL, "L001"}, {"MarksNumbersID", NULL, "142"},
    {"MethodCode", "Payment", "107"}, {"MethodCode", "CustomsValuation", "122"},
    {"ModeCode", "BorderTransportMeans", "T022"}, {"ModeCode", "ArrivalTransportMeans", "T020"},
    {"ModeCode", "DepartureTransportMeans", "T021"}, {"Name", "Authenticator", "R007"}, {"Name", "Submitter", "R058"},
    {"Name", "Agent", "R003"}, {"Name", "BorderTransportMeans", "T005"}, {"Name", "Carrier", "R011"},
    {"Name", "Consignor", "R020"}, {"Name", "Declarant", "R124"}, {"Name", "Contact", "246"},
    {"Name", "Exporter", "R031"}, {"Name", "Buyer", "R009"}, {"Name", "Consignee", "R014"},
    {"Name", "ArrivalTransportMeans", "T001"}, {"Name", "DepartureTransportMeans", "T003"},
    {"Name", "GoodsLocation", "L016"}, {"Name", "LoadingLocation", "L009"}, {"Name", "AdditionalDocument", "D028"},
    {"Name", "Seller", "R050"}, {"Name", "Importer", "R037"}, {"Name", "Payer", "R120"}, {"Name", "Surety", "R054"},
    {"NetNetWeightMeasure", NULL, "128"}, {"OtherChargeDeductionAmount", NULL, "181"},
    {"PackingMaterialDescription", NULL, "344"}, {"PaymentAmount", NULL, "378"}, {"PaymentMethodCode", NULL, "098"},
    {"PostcodeID", NULL, "245"}, {"PreviousCode", NULL, "161"}, {"QuantityQuantity", "WriteOff", "502"},
    {"QuantityQuantity", "Packaging", "144"}, {"QuotaOrderID", NULL, "401"}, {"RateNumeric", NULL, "118"},
    {"ReferenceID", NULL, "100"}, {"RegionID", "Destination", "477"}, {"RegionID", "Origin", "066"},
    {"RegistrationNationalityCode", NULL, "T014"}, {"RoleCode", NULL, "R005"}, {"RoutingCountryCode", NULL, "064"},
    {"SecurityDetailsCode", NULL, "101"}, {"SequenceNumeric", NULL, "006"},
    {"SpecificCircumstancesCodeCode", NULL, "504"}, {"SpecificTaxBaseQuantity", NULL, "129"},
    {"StatementCode", NULL, "226"}, {"StatementDescription", NULL, "225"}, {"StatementTypeCode", NULL, "369"},
    {"StatisticalValueAmount", NULL, "114"}, {"TariffQuantity", NULL, "130"}, {"TaxAssessedAmount", NULL, "120"},
    {"TaxRateNumeric", NULL, "115"}, {"TotalGrossMassMeasure", NULL, "131"}, {"TotalPackageQuantity", NULL, "146"},
    {"TraderAssignedReferenceID", NULL, "009"}, {"TransactionNatureCode", NULL, "103"},
    {"TypeCode", "Declaration", "D013"}, {"TypeCode", "AdditionalDocument", "D006"},
    {"TypeCode", "BorderTransportMeans", "T010"}, {"TypeCode", "Communication", "253"},
    {"TypeCode", "Address", "410"}, {"TypeCode", "ArrivalTransportMeans", "T008"},
    {"TypeCode", "DepartureTransportMeans", "T009"}, {"TypeCode", "GoodsLocation", "L110"},
    {"TypeCode", "DutyTaxFee", "113"}, {"TypeCode", "Origin", "501"}, {"TypeCode", "Packaging", "141"},
    {"TypeCode", "PreviousDocument", "D019"}, {"TypeCode", "Warehouse", "L112"}, {"UNDGID", NULL, "506"},
    {"VolumeMeasure", NULL, "395"}, {"WidthMeasure", NULL, "368"},
};
/* clang-format on */

/* One step of an XPath that xml_tree.c wrote. */
typedef struct step {
    gl_str element;
    int32_t position; /* 0: the only one */
} step;

static const char *class_of(gl_str element)
{
    size_t low = 0, high = sizeof CLASSES / sizeof *CLASSES;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strncmp(element.ptr, CLASSES[middle].element, element.len);
        if (order == 0 && CLASSES[middle].element[element.len] == '\0')
            return CLASSES[middle].id;
        if (order > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static const char *element_of(gl_str element, gl_str within)
{
    for (size_t i = 0; i < sizeof ELEMENTS / sizeof *ELEMENTS; i++)
        if (gl_str_eqz(element, ELEMENTS[i].element) &&
            (ELEMENTS[i].within == NULL || gl_str_eqz(within, ELEMENTS[i].within)))
            return ELEMENTS[i].id;
    return NULL;
}

static bool take(gl_str *rest, gl_str text)
{
    if (!gl_str_starts(*rest, text))
        return false;
    *rest = (gl_str){rest->ptr + text.len, rest->len - text.len};
    return true;
}

/* "12" of "12]" or "12/..."; false: no number, or one that no pointer can have. */
static bool take_number(gl_str *rest, int32_t *number)
{
    uint64_t value = 0;
    size_t len = 0;
    while (len < rest->len && rest->ptr[len] >= '0' && rest->ptr[len] <= '9')
        len++;
    if (!gl_str_to_u64((gl_str){rest->ptr, len}, 99999, &value))
        return false;
    *rest = (gl_str){rest->ptr + len, rest->len - len};
    *number = (int32_t)value;
    return true;
}

static bool take_step(gl_str *rest, step *s)
{
    *s = (step){.position = 0};
    if (!take(rest, GL_STR("/*[local-name()='")))
        return false;
    const char *end = memchr(rest->ptr, '\'', rest->len);
    if (end == NULL)
        return false;
    s->element = (gl_str){rest->ptr, (size_t)(end - rest->ptr)};
    take(rest, s->element);
    if (!take(rest, GL_STR("']")))
        return false;
    return !take(rest, GL_STR("[")) || (take_number(rest, &s->position) && take(rest, GL_STR("]")));
}

static size_t from_xpath(gl_str pointer, gl_response_pointer *pointers)
{
    step s;
    gl_str within = GL_STR("Declaration");
    size_t count = 1;
    while (count < GL_WCO_POINTERS && take_step(&pointer, &s)) {
        const char *id = class_of(s.element);
        if (gl_str_eqz(s.element, "Declaration"))
            continue;
        if (id != NULL)
            pointers[count++] = (gl_response_pointer){.sequence = s.position, .section = id};
        else if (pointers[count - 1].tag == NULL)
            pointers[count - 1].tag = element_of(s.element, within);
        within = s.element;
    }
    return count;
}

/* JSON: "/declarations/3/items/0/net_mass" names the first item. */
static int32_t item_of(gl_str pointer)
{
    int32_t number = 0;
    const char *at = pointer.len == 0 ? NULL : memmem(pointer.ptr, pointer.len, "/items/", 7);
    if (at == NULL)
        return 0;
    gl_str rest = {at + 7, pointer.len - (size_t)(at + 7 - pointer.ptr)};
    return take_number(&rest, &number) && number < 99999 ? number + 1 : 0;
}

size_t gl_wco_pointers(gl_str pointer, gl_str field, gl_response_pointer pointers[GL_WCO_POINTERS])
{
    pointers[0] = (gl_response_pointer){.section = "42A"};
    const char *behind = gl_str_starts(pointer, GL_STR("entry=")) ? memchr(pointer.ptr, ';', pointer.len) : NULL;
    if (behind != NULL) /* of an archive */
        pointer = (gl_str){behind + 1, pointer.len - (size_t)(behind + 1 - pointer.ptr)};
    if (gl_str_starts(pointer, GL_STR("/*[")))
        return from_xpath(pointer, pointers);
    int32_t item = item_of(pointer);
    if (item == 0 && !gl_str_starts(field, GL_STR("items.")))
        return 1;
    pointers[1] = (gl_response_pointer){.section = "67A"};
    pointers[2] = (gl_response_pointer){.sequence = item, .section = "68A"};
    return 3;
}
