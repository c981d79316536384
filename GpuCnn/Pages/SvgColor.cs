namespace GpuCnn.Pages;

/// <summary>
/// A colour of a drawing by what it is used for. Each has a light and a dark form, of which the reader's settings choose one.
/// </summary>
public enum SvgColor
{
    /// <summary>Nothing is painted.</summary>
    None,

    /// <summary>The background.</summary>
    Paper,

    /// <summary>Text and outlines that matter most.</summary>
    Ink,

    /// <summary>Text and lines of less weight.</summary>
    Muted,

    /// <summary>Faint lines and areas, such as a grid or padding.</summary>
    Faint,

    Blue,
    Orange,
    Green,
    Red,
    Purple,
    Teal,
    Gold,
    Gray,
}

/// <summary>The two forms of each colour.</summary>
internal static class SvgPalette
{
    private static readonly (SvgColor Color, string Light, string Dark)[] Forms =
    [
        (SvgColor.Paper, "#ffffff", "#161b22"), (SvgColor.Ink, "#1f2328", "#e6edf3"), (SvgColor.Muted, "#59636e", "#9198a1"),
        (SvgColor.Faint, "#e4e8ec", "#2b323b"), (SvgColor.Blue, "#8fbcf0", "#2f62a3"), (SvgColor.Orange, "#f6b67c", "#a35d1f"),
        (SvgColor.Green, "#93d2a0", "#2d7442"), (SvgColor.Red, "#f2a1a1", "#a03c3c"), (SvgColor.Purple, "#c6aeee", "#6a4aa5"),
        (SvgColor.Teal, "#88d0cf", "#22706f"), (SvgColor.Gold, "#ecd07a", "#86691a"), (SvgColor.Gray, "#c3cad2", "#525b66"),
    ];

    /// <summary>
    /// The style sheet of a drawing. Colours are plain properties of classes, because few programs besides browsers know variables.
    /// </summary>
    public static string StyleSheet { get; } =
        ".gpucnn text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}"
        + Rules(form => form.Light)
        + $"@media (prefers-color-scheme:dark){{{Rules(form => form.Dark)}}}";

    /// <summary>Class that fills with a colour.</summary>
    public static string Fill(SvgColor color) => color == SvgColor.None ? "f-none" : $"f-{Name(color)}";

    /// <summary>Class that draws lines in a colour.</summary>
    public static string Stroke(SvgColor color) => $"s-{Name(color)}";

    private static string Name(SvgColor color) => color.ToString().ToLowerInvariant();

    private static string Rules(Func<(SvgColor Color, string Light, string Dark), string> choose) => ".gpucnn .f-none{fill:none}"
        + string.Concat(Forms.Select(form => $".gpucnn .{Fill(form.Color)}{{fill:{choose(form)}}}"
            + $".gpucnn .{Stroke(form.Color)}{{stroke:{choose(form)}}}"));
}
