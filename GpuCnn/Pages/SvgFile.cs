using System.Xml;
using System.Xml.Linq;
using GpuCnn.Engine.Files;

namespace GpuCnn.Pages;

/// <summary>Writes a drawing as a file of its own.</summary>
internal static class SvgFile
{
    /// <summary>Writes a drawing, black on white, whole or not at all.</summary>
    /// <exception cref="Engine.GpuCnnException">It cannot be written.</exception>
    public static void Save(string path, XElement drawing)
    {
        var svg = new XElement(drawing);
        svg.SetAttributeValue("style", "color:#1f2328;background:#ffffff;font-family:sans-serif");
        AtomicFile.Write(path, stream =>
        {
            using var writer = XmlWriter.Create(stream, new() { CloseOutput = false });
            svg.Save(writer);
        });
    }
}
