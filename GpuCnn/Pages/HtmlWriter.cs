using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace GpuCnn.Pages;

/// <summary>
/// Writes a tree of elements as HTML. Texts and attributes are escaped here and nowhere else. Refuses what would run or fetch something:
/// elements with code, attributes with code, addresses outside the page. Drawings that come from several hands use the same ids: those that
/// a drawing refers to as <c>url(#id)</c> get the number of the drawing.
/// </summary>
internal sealed partial class HtmlWriter(StringBuilder output)
{
    private const string XLink = "http://www.w3.org/1999/xlink";

    private static readonly HashSet<string> Void = ["br", "col", "hr", "img", "input", "wbr"];

    private static readonly HashSet<string> Refused =
        ["script", "style", "link", "meta", "base", "iframe", "frame", "object", "embed", "form", "foreignObject", "textarea", "title"];

    private static readonly HashSet<string> Addresses = ["href", "src", "srcset", "action", "formaction", "poster", "data", "background"];

    /// <summary>Drawings begun so far.</summary>
    private int _drawings;

    /// <summary>Ids of the open drawing that are written with its number.</summary>
    private HashSet<string> _ids = [];

    public void Write(XElement element)
    {
        string name = element.Name.LocalName;
        if (name == "svg" && element.Parent?.Name.LocalName != "svg") Begin(element);
        bool isSvg = element.Name.NamespaceName.Length > 0;
        // A title within a drawing is a hint for the mouse.
        if (Refused.Contains(name) && !(isSvg && name == "title"))
            throw new ArgumentException($"A page expects elements that only show something, but got <{name}>.", nameof(element));
        output.Append('<').Append(name);
        foreach (XAttribute attribute in element.Attributes()) Write(attribute);
        output.Append('>');
        if (!isSvg && Void.Contains(name)) return;
        foreach (XNode node in element.Nodes())
        {
            if (node is XElement child) Write(child);
            else if (node is XText text) Escape(text.Value);
        }
        output.Append("</").Append(name).Append('>');
    }

    /// <summary>
    /// Writes text so that it means itself, in content and between double quotes. Characters that HTML cannot hold become U+FFFD.
    /// </summary>
    public void Escape(string text)
    {
        foreach (Rune rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '&' => output.Append("&amp;"),
                '<' => output.Append("&lt;"),
                '>' => output.Append("&gt;"),
                '"' => output.Append("&quot;"),
                '\'' => output.Append("&#39;"),
                '\t' or '\n' => output.Append((char)rune.Value),
                // A parser would make a line feed of a bare one.
                '\r' => output.Append("&#13;"),
                < 0x20 or (>= 0x7F and < 0xA0) => output.Append('\uFFFD'),
                _ => output.Append(rune.ToString()),
            };
        }
    }

    private void Begin(XElement drawing)
    {
        _drawings++;
        _ids = [.. drawing.DescendantsAndSelf().Attributes().SelectMany(attribute => Reference().Matches(attribute.Value))
            .Select(match => match.Groups[1].Value)];
    }

    [GeneratedRegex(@"url\(#([^)]*)\)")]
    private static partial Regex Reference();

    private void Write(XAttribute attribute)
    {
        if (attribute.IsNamespaceDeclaration) return;
        string name = attribute.Name.LocalName;
        if (name.StartsWith("on", StringComparison.OrdinalIgnoreCase))
            throw new ArgumentException($"A page expects attributes without code, but got {name}.", nameof(attribute));
        if (Addresses.Contains(name) && !IsWithin(attribute.Value) || attribute.Value.Replace("url(#", "").Contains("url("))
            throw new ArgumentException(
                $"A page expects addresses within itself, but got {name}=\"{attribute.Value}\".", nameof(attribute));
        string value = Reference().Replace(attribute.Value, match => $"url(#d{_drawings}-{match.Groups[1].Value})");
        if (name == "id" && _ids.Contains(value)) value = $"d{_drawings}-{value}";
        output.Append(' ');
        if (attribute.Name.NamespaceName == XLink) output.Append("xlink:");
        else if (attribute.Name.NamespaceName == XNamespace.Xml) output.Append("xml:");
        output.Append(name).Append("=\"");
        Escape(value);
        output.Append('"');
    }

    private static bool IsWithin(string address) => address.StartsWith('#') || address.StartsWith("data:image/", StringComparison.Ordinal);
}
