using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using GpuCnn.Engine.Files;

namespace GpuCnn.Pages;

/// <summary>
/// A page in one HTML file that needs nothing else and asks for nothing: style and pictures lie in it. It is light or dark as its reader's
/// system is, and fits telephones. Content is a tree of elements, whose texts the writer escapes.
/// </summary>
/// <param name="title">Heading of the page, and its name in the browser.</param>
/// <param name="lead">A line below the heading; null for none.</param>
internal sealed class HtmlPage(string title, string? lead = null)
{
    private readonly List<XElement> _content = [];
    private readonly List<(string Heading, string Id)> _sections = [];
    private readonly StringBuilder _scripts = new();

    /// <summary>Adds an element to the end of the page.</summary>
    public void Add(XElement element) => _content.Add(element);

    /// <summary>Adds a section, to whose heading the page's table of contents leads. Null content is left out.</summary>
    public void Section(string heading, params IEnumerable<object?> content)
    {
        string id = $"s{_sections.Count + 1}";
        _sections.Add((heading, id));
        Add(new("section", new XAttribute("id", id), new XElement("h2", heading), content));
    }

    /// <summary>Adds code that runs when the page is complete. It is the program's own text, without any name or value.</summary>
    /// <exception cref="ArgumentException">It could not be told from the end of the code.</exception>
    public void Script(string code)
    {
        if (code.Contains("</", StringComparison.Ordinal) || code.Contains("<!--", StringComparison.Ordinal))
            throw new ArgumentException("A page's code expects neither '</' nor '<!--' in it.", nameof(code));
        _scripts.Append("<script>").Append(code).Append("</script>\n");
    }

    /// <summary>Adds values for code to read: <c>JSON.parse(document.getElementById(id).textContent)</c>.</summary>
    /// <param name="id">Letters, digits and hyphens.</param>
    public void Data<T>(string id, T value)
    {
        if (!id.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'))
            throw new ArgumentException($"An id expects letters, digits and hyphens, but got '{id}'.", nameof(id));
        // The serializer writes <, > and & as escapes.
        _scripts.Append("<script type=\"application/json\" id=\"").Append(id).Append("\">").Append(JsonSerializer.Serialize(value))
            .Append("</script>\n");
    }

    /// <summary>Writes the file, whole or not at all.</summary>
    /// <exception cref="Engine.GpuCnnException">It cannot be written.</exception>
    public void Save(string path)
    {
        byte[] content = Encoding.UTF8.GetBytes(ToString());
        AtomicFile.Write(path, stream => stream.Write(content), content.Length);
    }

    public override string ToString()
    {
        StringBuilder output = new("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
            + "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
            + "script-src 'unsafe-inline'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
            + "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n<title>");
        var writer = new HtmlWriter(output);
        writer.Escape(title);
        output.Append("</title>\n<style>").Append(Resource("page.css")).Append("</style></head>\n<body>\n");
        writer.Write(new("header", new XElement("h1", title), lead is null ? null : new XElement("p", lead),
            _sections.Count < 3 ? null : new XElement("nav", _sections.Select(section =>
                new XElement("a", new XAttribute("href", "#" + section.Id), section.Heading)))));
        output.Append("\n<main>\n");
        foreach (XElement element in _content)
        {
            writer.Write(element);
            output.Append('\n');
        }
        output.Append("</main>\n").Append(_scripts).Append("<script>").Append(Resource("page.js")).Append("</script>\n</body></html>\n");
        return output.ToString();
    }

    private static string Resource(string name)
    {
        using var reader = new StreamReader(typeof(HtmlPage).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
