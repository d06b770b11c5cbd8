/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/rpm-database.h"

#include "inspect/bytes.h"
#include "inspect/error.h"

#define MAGIC 0x061561U
#define PAGE_MIN 512U
#define PAGE_MAX 65536U
#define PAGE_HEADER 26U
#define META_SIZE 224U

/* A genuine database has some 14,000. There is a bit for each of them in memory, and a bucket's number has fewer bits
 * than there are spares. */
#define PAGES_MAX (1U << 24)

/* Types of pages: before version 9, those of a bucket are not sorted. */
#define PAGE_HASH_UNSORTED 2
#define PAGE_OVERFLOW 7
#define PAGE_META 8
#define PAGE_HASH 13

/* Types of items on a bucket's page. */
#define ITEM_HERE 1
#define ITEM_OVERFLOW 3

typedef struct {
    XpvMedium *file;
    gboolean is_swapped; /* it was written on a machine of the other byte order */
    guint32 page_size;
    guint32 pages;
    guint32 buckets;
    guint32 high_mask;
    guint32 spares[32];
    guint8 *seen;   /* a bit for each page of a bucket that was read */
    GArray *chains; /* the first page of each chain of overflow pages; guint32 */
    guint found;
    XpvRpmVisit visit;
    gpointer data;
} Database;

struct _XpvRpmRecord {
    const Database *database;
    GByteArray *bytes;
    guint32 next; /* the next page of the chain; 0: none */
};

static guint16
get16(const Database *self, const guint8 *bytes)
{
    guint16 value = xpv_le16(bytes);
    return self->is_swapped ? GUINT16_SWAP_LE_BE(value) : value;
}

static guint32
get32(const Database *self, const guint8 *bytes)
{
    guint32 value = xpv_le32(bytes);
    return self->is_swapped ? GUINT32_SWAP_LE_BE(value) : value;
}

static gboolean
read_meta(Database *self, GError **error)
{
    guint8 meta[META_SIZE];
    if (!xpv_medium_read(self->file, 0, meta, sizeof meta, error))
        return FALSE;
    self->is_swapped = xpv_le32(meta + 12) != MAGIC;
    if (get32(self, meta + 12) != MAGIC || meta[25] != PAGE_META)
        return xpv_inspect_fail(error, "it is not a hash of Berkeley DB");
    guint32 version = get32(self, meta + 16);
    if (version < 7 || version > 9)
        return xpv_inspect_fail(error, "it is a hash of version %u of Berkeley DB, but only 7 to 9 can be read",
                                version);
    self->page_size = get32(self, meta + 20);
    if (self->page_size < PAGE_MIN || self->page_size > PAGE_MAX || (self->page_size & (self->page_size - 1)) != 0)
        return xpv_inspect_fail(error, "it says that its pages have %u bytes", self->page_size);
    self->pages = (guint32)MIN(xpv_medium_size(self->file) / self->page_size, PAGES_MAX);
    guint32 last = get32(self, meta + 72);
    if (last >= self->pages)
        return xpv_inspect_fail(error, "it says that it has more buckets (%u) than pages (%u)", last, self->pages);
    self->buckets = last + 1;
    for (guint i = 0; i < G_N_ELEMENTS(self->spares); i++)
        self->spares[i] = get32(self, meta + 96 + i * 4);
    return TRUE;
}

/* The pages of the buckets of a generation (1, 2, 3–4, 5–8 …) lie in one piece. */
static guint32
page_of(const Database *self, guint32 bucket)
{
    return bucket + self->spares[bucket == 0 ? 0 : g_bit_storage(bucket)];
}

static gboolean
is_new(Database *self, guint32 page)
{
    guint8 bit = (guint8)(1U << page % 8);
    if (page == 0 || page >= self->pages || (self->seen[page / 8] & bit))
        return FALSE;
    self->seen[page / 8] |= bit;
    return TRUE;
}

static gboolean
read_page(const Database *self, guint32 page, guint8 *buffer, gsize length)
{
    return xpv_medium_read(self->file, (guint64)page * self->page_size, buffer, length, NULL);
}

/* A chain that forms a ring ends, as no more than @max is read, and no page of it is empty. */
const GByteArray *
xpv_rpm_record_read(XpvRpmRecord *record, gsize max)
{
    const Database *database = record->database;
    g_autofree guint8 *page = g_malloc(database->page_size);
    while (record->bytes->len < max && record->next != 0) {
        if (!read_page(database, record->next, page, database->page_size) || page[25] != PAGE_OVERFLOW)
            break;
        guint16 length = get16(database, page + 22);
        if (length == 0 || length > database->page_size - PAGE_HEADER)
            break;
        g_byte_array_append(record->bytes, page + PAGE_HEADER, length);
        record->next = get32(database, page + 16);
    }
    return record->bytes;
}

/* @here: (nullable) the first @length bytes; @next: the page where it goes on; 0: nowhere */
static void
visit_record(const Database *self, const guint8 *here, gsize length, guint32 next)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    XpvRpmRecord record = { .database = self, .bytes = bytes, .next = next };
    if (here)
        g_byte_array_append(bytes, here, (guint)length);
    self->visit(&record, self->data);
}

/* @item: of @length bytes */
static void
take_value(Database *self, const guint8 *item, gsize length)
{
    if (item[0] == ITEM_HERE) {
        self->found++;
        visit_record(self, item + 1, length - 1, 0);
    } else if (item[0] == ITEM_OVERFLOW && length >= 8) {
        guint32 first = get32(self, item + 4);
        self->found++;
        g_array_append_val(self->chains, first);
    }
}

/* The value of key 0 is not a header, but the number of the last one. */
static gboolean
is_header_key(const guint8 *item, gsize length)
{
    static const guint8 zero[4];
    return length == 5 && item[0] == ITEM_HERE && memcmp(item + 1, zero, sizeof zero) != 0;
}

/* Items lie from the page's end downwards: the page tells where each begins, and it ends where the previous one begins.
 */
static void
visit_page(Database *self, const guint8 *page)
{
    guint entries = get16(self, page + 20);
    guint end = self->page_size, key_length = 0;
    const guint8 *key = NULL;
    for (guint i = 0; i < entries && self->found < XPV_RPM_DATABASE_MAX; i++) {
        guint start = get16(self, page + PAGE_HEADER + i * 2);
        if (start < PAGE_HEADER + entries * 2 || start >= end)
            return;
        if (i % 2 == 0) {
            key = page + start;
            key_length = end - start;
        } else if (is_header_key(key, key_length)) {
            take_value(self, page + start, end - start);
        }
        end = start;
    }
}

static void
visit_bucket(Database *self, guint32 bucket, guint8 *buffer)
{
    for (guint32 page = page_of(self, bucket); is_new(self, page); page = get32(self, buffer + 16)) {
        if (!read_page(self, page, buffer, self->page_size) ||
            (buffer[25] != PAGE_HASH && buffer[25] != PAGE_HASH_UNSORTED))
            return;
        visit_page(self, buffer);
    }
}

static gint
compare_pages(gconstpointer a, gconstpointer b)
{
    guint32 one = *(const guint32 *)a, other = *(const guint32 *)b;
    return one < other ? -1 : one > other;
}

/* In the order of the file. Headers are large and lie in the order of installation, so reading ahead serves a disk of
 * another host. */
static void
visit_chains(const Database *self)
{
    g_array_sort(self->chains, compare_pages);
    for (guint i = 0; i < self->chains->len; i++)
        visit_record(self, NULL, 0, g_array_index(self->chains, guint32, i));
}

gboolean
xpv_rpm_database_visit(XpvMedium *file, XpvRpmVisit visit, gpointer data, GError **error)
{
    Database database = { .file = file, .visit = visit, .data = data };
    if (!read_meta(&database, error))
        return FALSE;
    g_autofree guint8 *seen = g_malloc0(database.pages / 8 + 1);
    g_autofree guint8 *buffer = g_malloc(database.page_size);
    g_autoptr(GArray) chains = g_array_new(FALSE, FALSE, sizeof(guint32));
    database.seen = seen;
    database.chains = chains;
    for (guint32 i = 0; i < database.buckets; i++)
        visit_bucket(&database, i, buffer);
    visit_chains(&database);
    if (database.found >= XPV_RPM_DATABASE_MAX)
        return xpv_inspect_fail(error, "it has more than %u packages; the rest was not read", XPV_RPM_DATABASE_MAX);
    return TRUE;
}
