using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;

namespace GpuCnn.Compiler.Analysis;

/// <summary>The first sentence of a kernel's documentation, as plain text for lists.</summary>
internal static class Summary
{
    /// <returns>The first sentence without its period; empty if there is no documentation.</returns>
    public static string Of(ISymbol symbol, CancellationToken cancellation)
    {
        string? xml = symbol.GetDocumentationCommentXml(cancellationToken: cancellation);
        if (string.IsNullOrWhiteSpace(xml)) return "";
        try
        {
            string text = Regex.Replace(string.Concat(XElement.Parse(xml).Element("summary")?.Nodes().Select(Text) ?? []), @"\s+",
                " ").Trim();
            int end = text.IndexOf(". ", StringComparison.Ordinal);
            return (end < 0 ? text : text.Substring(0, end)).TrimEnd('.');
        }
        catch (XmlException)
        {
            // The C# compiler warns about malformed documentation.
            return "";
        }
    }

    private static string Text(XNode node) => node switch
    {
        XText text => text.Value,
        // cref="T:Space.Type{T}" becomes Type.
        XElement element when element.Attribute("cref") is { } reference =>
            Regex.Match(reference.Value, @"([^.:]+?)([`{(].*)?$").Groups[1].Value,
        XElement element when element.Attribute("name") is { } name => name.Value,
        XElement element => string.Concat(element.Nodes().Select(Text)),
        _ => "",
    };
}
