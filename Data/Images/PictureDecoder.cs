using GpuCnn.Data.Formats;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine;

namespace GpuCnn.Data;

/// <summary>
/// Decodes image files of every known format, one after another, in memory that it reuses. It reads the header first, so that the caller
/// can draw a crop and have only that decoded. Belongs to one thread.
/// </summary>
public sealed unsafe class PictureDecoder : IDisposable
{
    private readonly IReadOnlyList<IImageDecoder> _decoders;
    private readonly ScratchBuffer _file;
    private readonly Picture _picture, _turned, _part;
    private IImageDecoder? _decoder;
    private PixelImage? _image;
    private Picture? _given;
    private ImageHeader _stored;
    private string _name = "";
    private byte* _content;
    private int _length;

    public PictureDecoder() : this(ScratchSource.Default) { }

    internal PictureDecoder(ScratchSource source)
    {
        _decoders = Registry.CreateAll<IImageDecoder>(source);
        _file = new ScratchBuffer(source);
        _picture = new Picture(source);
        _turned = new Picture(source);
        _part = new Picture(source);
    }

    /// <summary>
    /// Whether pictures are turned upright as EXIF's orientation states (the default), or kept as stored, as in torchvision.
    /// </summary>
    public bool AppliesOrientation { get; init; } = true;

    /// <summary>Names of the readable formats, for messages.</summary>
    internal IEnumerable<string> Formats => _decoders.Select(decoder => decoder.Format).Order(StringComparer.OrdinalIgnoreCase);

    /// <summary>Lower case, with the dot.</summary>
    internal IEnumerable<string> Extensions => _decoders.SelectMany(decoder => decoder.Extensions);

    /// <summary>Reads a file and its header. The content, not the extension, decides its format.</summary>
    /// <exception cref="GpuCnnException">The file cannot be read, has no known format, or its header is damaged or states too large an
    /// image.</exception>
    public ImageHeader Open(string path)
    {
        _length = DataFile.ReadInto(path, _file, out _content);
        return ReadHeader(path);
    }

    /// <summary>Opens a file in memory. <paramref name="name"/> is the path, for messages.</summary>
    /// <inheritdoc cref="Open(string)" path="/exception"/>
    public ImageHeader Open(ReadOnlySpan<byte> content, string name)
    {
        _content = _file.Take(content.Length);
        _length = content.Length;
        content.CopyTo(new Span<byte>(_content, _length));
        return ReadHeader(name);
    }

    /// <summary>Opens an image that is decoded and upright. It is not changed.</summary>
    public ImageHeader Open(PixelImage image)
    {
        _decoder = null;
        _given = null;
        _image = image;
        _stored = new ImageHeader("pixels", image.Width, image.Height, image.Channels, image.Channels == 1 ? "gray" : "RGB");
        return _stored;
    }

    /// <summary>
    /// Opens a picture that is decoded, upright, and owned by somebody else. It must not change while it is open here.
    /// </summary>
    internal ImageHeader Open(Picture picture)
    {
        _decoder = null;
        _image = null;
        _given = picture;
        _stored = new ImageHeader("pixels", picture.Width, picture.Height, picture.Channels, picture.Channels == 1 ? "gray" : "RGB");
        return _stored;
    }

    /// <summary>Decodes the whole of the last opened file.</summary>
    /// <param name="toGray">Whether color becomes luma. Gray always stays gray.</param>
    /// <returns>The picture, valid until the next call of a member. The caller may change its pixels.</returns>
    /// <exception cref="GpuCnnException">The content is damaged, cut short or of an unsupported kind.</exception>
    public Picture Decode(bool toGray = false) =>
        Decode(IsTurned ? Window.Whole(_stored.Height, _stored.Width) : Window.Whole(_stored.Width, _stored.Height), toGray);

    /// <summary>Decodes a window of the last opened file.</summary>
    /// <param name="window">Within the header's extents.</param>
    /// <param name="toGray">Whether color becomes luma. Gray always stays gray.</param>
    /// <returns>The window, valid until the next call of a member. The caller may change its pixels.</returns>
    /// <exception cref="GpuCnnException">The content is damaged, cut short or of an unsupported kind.</exception>
    public Picture Decode(Window window, bool toGray = false)
    {
        if (_given is not null) return Part(_given, window, toGray);
        if (_decoder is null && _image is null) throw new InvalidOperationException("Open a file before decoding.");
        int orientation = AppliesOrientation ? _stored.Orientation : 1;
        Window stored = Orientation.ToStored(window, orientation, _stored.Width, _stored.Height);
        if (!stored.LiesIn(Window.Whole(_stored.Width, _stored.Height)))
            throw new ArgumentOutOfRangeException(nameof(window), window, $"Expected a window within {_stored.Width}x{_stored.Height}.");
        if (_image is not null) _picture.CopyFrom(_image, stored);
        else _decoder!.Decode(new ReadOnlySpan<byte>(_content, _length), _name, stored, _picture);
        if (toGray) _picture.ToGray();
        if (orientation == 1) return _picture;
        Orientation.Turn(_picture, orientation, window, _turned);
        return _turned;
    }

    public void Dispose()
    {
        foreach (IImageDecoder decoder in _decoders) decoder.Dispose();
        _file.Dispose();
        _picture.Dispose();
        _turned.Dispose();
        _part.Dispose();
    }

    private Picture Part(Picture picture, Window window, bool toGray)
    {
        if (window == Window.Whole(picture.Width, picture.Height) && !(toGray && picture.Channels > 1)) return picture;
        if (!window.LiesIn(Window.Whole(picture.Width, picture.Height)))
            throw new ArgumentOutOfRangeException(nameof(window), window, $"Expected a window within {picture}.");
        // The picture may be owned by this decoder.
        _part.Reset(window, picture.Channels);
        for (int y = 0; y < window.Height; y++)
            picture.Row(window.Y + y).Slice(window.X * picture.PixelBytes, window.Width * picture.PixelBytes).CopyTo(_part.Row(y));
        if (toGray) _part.ToGray();
        return _part;
    }

    private bool IsTurned => AppliesOrientation && _stored.Orientation >= 5;

    private ImageHeader ReadHeader(string name)
    {
        _decoder = null;
        _image = null;
        _given = null;
        ReadOnlySpan<byte> content = new(_content, _length);
        foreach (IImageDecoder decoder in _decoders)
        {
            if (!decoder.Matches(content)) continue;
            _stored = decoder.ReadHeader(content, name);
            _decoder = decoder;
            _name = name;
            return IsTurned ? _stored with { Width = _stored.Height, Height = _stored.Width } : _stored;
        }
        string got = content.Length == 0 ? "an empty file"
            : $"a file that begins with the bytes {Convert.ToHexString(content[..Math.Min(8, content.Length)])}";
        throw new GpuCnnException(
            $"Image {DataFile.Quote(name)}: expected one of {string.Join(", ", Formats)}, but got {got}; convert it to PNG or remove it.");
    }
}
