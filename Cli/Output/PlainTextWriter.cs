using System.Globalization;
using System.Text;
using GpuCnn.Engine;

namespace GpuCnn.Cli.Output;

/// <summary>
/// Writes text that cannot command a terminal: names of files and classes may hold escape codes, which appear as <c>\u001b</c>. Everything
/// that the program prints goes through it, except the displays that move the cursor (<see cref="CommandHost.Terminal"/>).
/// </summary>
/// <param name="inner">Where the text goes.</param>
/// <param name="name">Name of the output, for the message of a failure; null drops what cannot be written.</param>
/// <param name="width">Characters of a line, for those who break text into lines.</param>
internal sealed class PlainTextWriter(TextWriter inner, string? name, int width) : TextWriter(CultureInfo.InvariantCulture)
{
    public TextWriter Inner => inner;

    public int Width => width;

    public override Encoding Encoding => inner.Encoding;

    /// <summary>The same over another writer.</summary>
    public PlainTextWriter Over(TextWriter other) => new(other, name, width);

    /// <summary>A text with its control characters, and those that turn the direction of writing, spelled out.</summary>
    public static string Escape(string text)
    {
        if (!text.Any(MustEscape)) return text;
        var escaped = new StringBuilder(text.Length + 16);
        for (int i = 0; i < text.Length; i++)
        {
            // A line that is written over begins or ends with a return.
            bool isMoved = text[i] == '\r' && (i == 0 || i == text.Length - 1 || text[i + 1] == '\n');
            if (MustEscape(text[i]) && !isMoved) escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[i]:x4}");
            else escaped.Append(text[i]);
        }
        return escaped.ToString();
    }

    public override void Write(char value) => Write(value.ToString());

    public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

    public override void Write(ReadOnlySpan<char> buffer) => Write(buffer.ToString());

    public override void Write(string? value) => Try(() => inner.Write(Escape(value ?? "")));

    public override void WriteLine(string? value) => Try(() => inner.WriteLine(Escape(value ?? "")));

    public override void Flush() => Try(inner.Flush);

    private static bool MustEscape(char c) =>
        (char.IsControl(c) && c is not ('\n' or '\t')) || c is (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069');

    private void Try(Action write)
    {
        try
        {
            write();
        }
        // A closed file is an access that is denied.
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            if (name is not null)
                throw new GpuCnnException($"{name} cannot be written: {exception.Message.ReplaceLineEndings(" ").TrimEnd('.')}.",
                    exception);
        }
    }
}
