using System.Globalization;
using System.Xml.Linq;

namespace GpuCnn.Pages;

/// <summary>A table, which scrolls sideways where it is too wide.</summary>
/// <param name="headings">One for each column; a leading '&gt;' aligns the column to the right.</param>
internal sealed class HtmlTable(params IEnumerable<string> headings)
{
    private readonly string[] _headings = [.. headings];
    private readonly List<XElement> _rows = [];

    /// <summary>Whether a click on a heading sorts the rows.</summary>
    public bool IsSortable { get; init; }

    /// <summary>Adds a row: texts, elements or <see cref="Cell"/>s; null is an empty cell.</summary>
    public void Add(params IReadOnlyList<object?> cells)
    {
        if (cells.Count != _headings.Length)
            throw new ArgumentException($"A row of this table has {_headings.Length} cells, but got {cells.Count}.", nameof(cells));
        _rows.Add(new("tr", cells.Select((cell, column) => new XElement("td", Alignment(column),
            cell is Cell { Value: { } value } ? new XAttribute("data-value", value.ToString("R", CultureInfo.InvariantCulture)) : null,
            cell is Cell { Share: { } share } ? Shade(share) : null,
            cell is Cell shown ? shown.Text : cell))));
    }

    public XElement ToHtml() => new("div", Html.Class("scroll"),
        new XElement("table", IsSortable ? Html.Class("sortable") : null,
            new XElement("thead", new XElement("tr", _headings.Select((heading, column) => new XElement("th", Alignment(column),
                IsSortable ? new XElement("button", new XAttribute("type", "button"), heading.TrimStart('>')) : heading.TrimStart('>'))))),
            new XElement("tbody", _rows)));

    private XAttribute? Alignment(int column) => _headings[column].StartsWith('>') ? Html.Class("number") : null;

    private static XAttribute Shade(double share) => new("style",
        string.Create(CultureInfo.InvariantCulture, $"background:rgba(79,143,247,{Math.Clamp(share, 0, 1) * 0.8:0.###})"));

    /// <param name="Text">What is shown.</param>
    /// <param name="Value">Sorts the row, in place of the text.</param>
    /// <param name="Share">Shades the cell, from 0 to 1; null leaves it.</param>
    public sealed record Cell(string Text, double? Value = null, double? Share = null);
}
