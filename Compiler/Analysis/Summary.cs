using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;

namespace GpuCnn.Compiler.Analysis;

/// <summary>What the documentation says first of a kernel, as plain text for lists.</summary>
internal static class Summary
{
    /// <returns>The first sentence without its full stop; nothing where there is no documentation.</returns>
    public static string Of(ISymbol symbol, CancellationToken cancellation)
    {
        string? xml = symbol.GetDocumentationCommentXml(cancellationToken: cancellation);
        if (string.IsNullOrWhiteSpace(xml)) return "";
        try
        {
            string text = Regex.Replace(string.Concat(XElement.Parse(xml).Element("summary")?.Nodes().Select(Text) ?? []), @"\s+", " ").Trim();
            int end = text.IndexOf(". ", StringComparison.Ordinal);
            return (end < 0 ? text : text.Substring(0, end)).TrimEnd('.');
        }
        catch (XmlException)
        {
            // The C# compiler warns of it.
            return "";
        }
    }

    private static string Text(XNode node) => node switch
    {
        XText text => text.Value,
        // Of cref="T:Space.Type{T}", Type.
        XElement element when element.Attribute("cref") is { } reference => Regex.Match(reference.Value, @"([^.:]+?)([`{(].*)?$").Groups[1].Value,
        XElement element when element.Attribute("name") is { } name => name.Value,
        XElement element => string.Concat(element.Nodes().Select(Text)),
        _ => "",
    };
}
