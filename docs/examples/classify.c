/* Classifies a picture: classify MODEL PICTURE.ppm
 * Build: cc classify.c $(pkg-config --cflags --libs svhn) -o classify */
#include <stdio.h>
#include <stdlib.h>
#include <svhn/svhn.h>

static int failed(svhn_status status) {
  fprintf(stderr, "%s\n%s\n", svhn_last_error(), svhn_last_hint());
  return status;
}

/* Returns 0 when the file is a binary PPM file. */
static int read_picture(const char* name, svhn_picture* picture) {
  FILE* file = fopen(name, "rb");
  unsigned width = 0, height = 0;
  uint8_t* pixels = NULL;
  size_t bytes = 0;
  if (file == NULL) return 1;
  if (fscanf(file, "P6 %5u %5u 255", &width, &height) == 2 && fgetc(file) != EOF) {
    bytes = (size_t)3 * width * height;
    pixels = malloc(bytes + 1);
  }
  bytes = pixels != NULL ? bytes - fread(pixels, 1, bytes, file) : 1;
  fclose(file);
  *picture = (svhn_picture){pixels, height, width, 0};
  return bytes != 0;
}

int main(int argc, char** argv) {
  svhn_model* model = NULL;
  svhn_picture picture;
  double probabilities[10];
  int digit = 0;
  svhn_status status = SVHN_OK;
  if (argc != 3 || read_picture(argv[2], &picture) != 0)
    return fputs("usage: classify MODEL PICTURE.ppm\n", stderr), 2;
  if ((status = svhn_model_open(argv[1], NULL, 0, &model)) != SVHN_OK) return failed(status);
  status = svhn_model_classify(model, &picture, 1, probabilities, &digit);
  if (status != SVHN_OK) return failed(status);
  printf("%s says %d\n", svhn_model_name(model), digit);
  for (int i = 0; i < 10; ++i) printf("%s %.17g\n", svhn_model_label(model, i), probabilities[i]);
  svhn_model_close(model);
  free((void*)picture.pixels);
  return 0;
}
