using System.Text;

namespace GpuCnn.Data;

/// <summary>Comma-separated values (RFC 4180): fields in quotes may hold commas, quotes twice, and line breaks.</summary>
internal static class CsvText
{
    /// <summary>A row with its line feed.</summary>
    public static string Line(params IEnumerable<string> fields) => string.Join(',', fields.Select(Quote)) + "\n";

    /// <summary>The rows of a text, without those that are empty. Lines end with LF, CRLF or CR.</summary>
    /// <param name="separator">Between fields.</param>
    /// <exception cref="FormatException">A quoted field does not end; the message names its line.</exception>
    public static IEnumerable<IReadOnlyList<string>> Rows(string text, char separator = ',')
    {
        List<string> row = [];
        StringBuilder field = new();
        bool isQuoted = false;
        int line = 1, quotedAt = 0;
        // The byte order mark of a text that was not decoded away.
        for (int i = text.StartsWith('\uFEFF') ? 1 : 0; i <= text.Length; i++)
        {
            char c = i < text.Length ? text[i] : '\n';
            if (isQuoted)
            {
                if (i == text.Length) throw new FormatException($"the quotes of line {quotedAt:N0} do not end");
                if (c == '\n') line++;
                if (c != '"') field.Append(c);
                else if (i + 1 < text.Length && text[i + 1] == '"') field.Append(text[++i]);
                else isQuoted = false;
                continue;
            }
            if (c == '"' && field.Length == 0) (isQuoted, quotedAt) = (true, line);
            else if (c == separator) EndField();
            else if (c is '\n' or '\r')
            {
                if (c == '\r' && i + 1 < text.Length && text[i + 1] == '\n') i++;
                line++;
                if (row.Count == 0 && field.Length == 0) continue;
                EndField();
                yield return row;
                row = [];
            }
            else field.Append(c);
        }

        void EndField()
        {
            row.Add(field.ToString());
            field.Clear();
        }
    }

    private static string Quote(string field) =>
        field.AsSpan().IndexOfAny(",\"\r\n") < 0 ? field : $"\"{field.Replace("\"", "\"\"")}\"";
}
