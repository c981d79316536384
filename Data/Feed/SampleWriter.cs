using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Data;

/// <summary>
/// Converts the picture that its decoder has open to a network's input. Decodes, scales, changes and normalizes the shown part, in one pass
/// if nothing changes pixels in between. Belongs to one thread.
/// </summary>
internal sealed class SampleWriter : IDisposable
{
    private readonly ImagePreprocessor _preprocessor;
    private readonly Augmentation _augmentation;
    private readonly Normalizer _normalizer;
    private readonly Resampler _resampler = new();
    private readonly PictureCanvas _canvas = new();
    private readonly Picture _part = new(), _base = new();

    /// <summary>Whether the open picture already has the input's size.</summary>
    private bool _isFitted;

    private ImageHeader _header;

    /// <param name="preprocessor">Describes the network's input.</param>
    /// <param name="augmentation">Changes training images.</param>
    public SampleWriter(ImagePreprocessor preprocessor, Augmentation augmentation)
    {
        _preprocessor = preprocessor;
        _augmentation = augmentation;
        _normalizer = new Normalizer(preprocessor.Mean, preprocessor.Std);
        Decoder = new PictureDecoder { AppliesOrientation = preprocessor.AppliesOrientation };
    }

    /// <summary>Open pictures with it, then call <see cref="Opened"/>.</summary>
    public PictureDecoder Decoder { get; }

    /// <summary>Measures the stages; null measures nothing.</summary>
    public StageClock? Clock { get; set; }

    /// <summary>The form in which pictures can be kept without changing the result.</summary>
    public PictureForm Form => !_augmentation.Frames ? PictureForm.Fitted
        : _augmentation.FixedScale(Shape) > 0 ? PictureForm.Scaled
        : PictureForm.Whole;

    private Shape Shape => _preprocessor.Shape;

    private bool IsGray => Shape.Channels == 1;

    private Window Whole => Window.Whole(_header.Width, _header.Height);

    /// <summary>States what the decoder has open, and whether it is in <see cref="Form"/> or as in its file.</summary>
    public void Opened(in ImageHeader header, bool inForm)
    {
        _header = header;
        _isFitted = inForm && Form == PictureForm.Fitted;
    }

    /// <summary>Size of the open picture in <see cref="Form"/>, in bytes; 0 if it is not worth keeping.</summary>
    public long FormBytes()
    {
        int channels = Math.Min(Shape.Channels, _header.Channels);
        switch (Form)
        {
            case PictureForm.Fitted:
                return (long)Shape.Area * channels;
            case PictureForm.Scaled:
                (long width, long height) = FullScale();
                // A narrow strip would become much larger than it is.
                return width * height > 16L * Math.Min(width, height) * Math.Min(width, height) ? 0 : width * height * channels;
            default:
                return (long)_header.Width * _header.Height * channels;
        }
    }

    /// <summary>Converts the open picture to <see cref="Form"/> and opens the result, which is valid until the next call.</summary>
    public Picture ToForm()
    {
        Picture picture;
        switch (Form)
        {
            case PictureForm.Fitted:
                picture = Render(Fit(), _base);
                break;
            case PictureForm.Scaled:
                (long width, long height) = FullScale();
                picture = Scale(Scaling.Of(Whole, (int)width, (int)height), isMirrored: false, _base);
                break;
            default:
                picture = Decoder.Decode(Whole, IsGray);
                break;
        }
        Opened(Decoder.Open(picture), inForm: true);
        return picture;
    }

    /// <summary>Writes the open picture as for evaluation: [H, W, C].</summary>
    public void Write(Span<float> target) => Write(Fit(), target);

    /// <summary>Writes one of the ten crops of <see cref="TenCrops"/>.</summary>
    public void WriteCrop(int crop, Span<float> target) =>
        Write(TenCrops.Crop(crop, Whole, Math.Max(_preprocessor.ResizeTo, Math.Max(Shape.Width, Shape.Height)), Shape), target);

    /// <summary>Writes the open picture with random changes.</summary>
    public void Write(ref RandomStream random, Span<float> target)
    {
        Framing framing = _augmentation.Frames ? default : Fit();
        _augmentation.Frame(ref random, Whole, Shape, ref framing);
        if (!_augmentation.ChangesPixels)
        {
            Write(framing, target);
        }
        else
        {
            _ = Render(framing, _canvas.Picture);
            long start = StageClock.Now;
            _augmentation.ChangePixels(ref random, _canvas);
            Clock?.Add(Stage.Augment, start);
            start = StageClock.Now;
            _normalizer.Write(_canvas.Picture, isMirrored: false, target);
            Clock?.Add(Stage.Resize, start);
        }
        long values = StageClock.Now;
        _augmentation.ChangeValues(ref random, target, Shape, _preprocessor.Std);
        Clock?.Add(Stage.Augment, values);
    }

    public void Dispose()
    {
        Decoder.Dispose();
        _resampler.Dispose();
        _canvas.Dispose();
        _part.Dispose();
        _base.Dispose();
    }

    private void Write(in Framing framing, Span<float> target)
    {
        if (!framing.Fills(Shape.Width, Shape.Height))
        {
            Picture picture = Render(framing, _canvas.Picture);
            long from = StageClock.Now;
            _normalizer.Write(picture, isMirrored: false, target);
            Clock?.Add(Stage.Resize, from);
            return;
        }
        if (framing.KeepsSize)
        {
            Picture picture = Decode(Shown(framing.Scaling));
            long from = StageClock.Now;
            _normalizer.Write(picture, framing.IsMirrored, target);
            Clock?.Add(Stage.Resize, from);
            return;
        }
        long start = StageClock.Now;
        Window needed = _resampler.Prepare(framing.Scaling, _preprocessor.Interpolation);
        Clock?.Add(Stage.Resize, start);
        Picture source = Decode(needed);
        start = StageClock.Now;
        _resampler.Resize(source, framing.IsMirrored, _normalizer, target);
        Clock?.Add(Stage.Resize, start);
    }

    /// <summary>
    /// Renders a picture of the input's size into <paramref name="target"/>: the shown part in its place, on black.
    /// </summary>
    private Picture Render(in Framing framing, Picture target)
    {
        if (framing.Fills(Shape.Width, Shape.Height)) return Scale(framing.Scaling, framing.IsMirrored, target);
        Picture part = Scale(framing.Scaling, framing.IsMirrored, _part);
        target.Reset(Shape.Width, Shape.Height, part.Channels);
        PictureCanvas.PixelsOf(target).Clear();
        int left = framing.IsMirrored ? Shape.Width - framing.Left - part.Width : framing.Left, pixel = part.PixelBytes;
        int first = Math.Max(0, left), end = Math.Min(Shape.Width, left + part.Width);
        if (first >= end) return target;
        for (int y = Math.Max(0, framing.Top); y < Math.Min(Shape.Height, framing.Top + part.Height); y++)
            part.Row(y - framing.Top).Slice((first - left) * pixel, (end - first) * pixel)
                .CopyTo(target.Row(y).Slice(first * pixel, (end - first) * pixel));
        return target;
    }

    /// <summary>Scales to bytes, and returns the part that <paramref name="scaling"/> selects.</summary>
    private Picture Scale(in Scaling scaling, bool isMirrored, Picture target)
    {
        long start = StageClock.Now;
        Window needed = _resampler.Prepare(scaling, _preprocessor.Interpolation);
        Clock?.Add(Stage.Resize, start);
        Picture source = Decode(needed);
        start = StageClock.Now;
        _resampler.Resize(source, isMirrored, source.Channels, target);
        Clock?.Add(Stage.Resize, start);
        return target;
    }

    private Picture Decode(Window window)
    {
        long start = StageClock.Now;
        Picture picture = Decoder.Decode(window, IsGray);
        Clock?.Add(Stage.Decode, start);
        return picture;
    }

    /// <summary>Fits the open picture to the input without random changes.</summary>
    private Framing Fit()
    {
        int width = Shape.Width, height = Shape.Height;
        if (_isFitted) return new Framing { Scaling = Scaling.Of(Whole, width, height) };
        if (_preprocessor.Fit == ImageFit.Pad)
        {
            (int partWidth, int partHeight) = (_header.Width, _header.Height);
            if (partWidth > width || partHeight > height)
            {
                bool widthDecides = (long)partWidth * height >= (long)partHeight * width;
                (partWidth, partHeight) = widthDecides
                    ? (width, (int)Math.Max(1, (long)partHeight * width / partWidth))
                    : ((int)Math.Max(1, (long)partWidth * height / partHeight), height);
            }
            Scaling part = Scaling.Of(Whole, partWidth, partHeight);
            return new Framing { Scaling = part, Left = (width - partWidth) / 2, Top = (height - partHeight) / 2 };
        }
        return new Framing
        {
            Scaling = _preprocessor.ResizeTo > 0
                ? Scaling.Centre(_header.Width, _header.Height, _preprocessor.ResizeTo, width, height)
                : Scaling.Cover(_header.Width, _header.Height, width, height),
        };
    }

    private (long Width, long Height) FullScale()
    {
        int side = _augmentation.FixedScale(Shape);
        Scaling scaling = Scaling.Centre(_header.Width, _header.Height, side, 1, 1);
        return (scaling.FullWidth, scaling.FullHeight);
    }

    /// <summary>The part of the picture that is shown unscaled.</summary>
    private static Window Shown(in Scaling scaling) =>
        new(scaling.Crop.X + (int)scaling.X, scaling.Crop.Y + (int)scaling.Y, scaling.Width, scaling.Height);
}
