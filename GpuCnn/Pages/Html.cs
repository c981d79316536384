using System.Xml.Linq;

namespace GpuCnn.Pages;

/// <summary>Elements that pages are made of.</summary>
internal static class Html
{
    public static XElement Paragraph(params IEnumerable<object?> content) => new("p", content);

    /// <summary>A remark in small print.</summary>
    public static XElement Note(params IEnumerable<object?> content) => new("p", Class("note"), content);

    /// <summary>Text in letters of equal width, as it is: a command, numbers in columns.</summary>
    public static XElement Code(string text) => new("pre", new XElement("code", text));

    /// <summary>A command, which is broken into lines where it is too long.</summary>
    public static XElement Command(string text) => new("pre", Class("command"), new XElement("code", text));

    /// <summary>A drawing or a picture with its caption.</summary>
    public static XElement Figure(XElement drawing, params IEnumerable<object?> caption)
    {
        object?[] texts = [.. caption];
        return new("figure", drawing, texts.Length == 0 ? null : new XElement("figcaption", texts));
    }

    /// <summary>Elements side by side, as many as fit.</summary>
    public static XElement Grid(params IEnumerable<XElement?> elements) => new("div", Class("grid"), elements);

    /// <summary>Small pictures side by side.</summary>
    public static XElement Pictures(params IEnumerable<XElement?> elements) => new("div", Class("pictures"), elements);

    /// <summary>Content that opens with a click.</summary>
    public static XElement Details(string summary, params IEnumerable<object?> content) =>
        new("details", new XElement("summary", summary), content);

    /// <summary>Names with values, in two columns.</summary>
    public static XElement List(params IEnumerable<(string Name, string Value)> entries) => new("dl",
        entries.Select(entry => new XElement("div", new XElement("dt", entry.Name), new XElement("dd", entry.Value))));

    /// <summary>A few large numbers with what they count.</summary>
    public static XElement Tiles(params IEnumerable<(string Value, string Name)> tiles) => new("div", Class("tiles"),
        tiles.Select(tile => new XElement("div", new XElement("b", tile.Value), new XElement("span", tile.Name))));

    public static XAttribute Class(string name) => new("class", name);
}
